/** Why the host ended. Everything but `stopped` needs a person. */
export type HostEnd =
  | { kind: 'stopped'; reason: string }
  | { kind: 'unauthorized'; reason: string }
  | { kind: 'superseded'; reason: string }
  | { kind: 'failed'; reason: string };
