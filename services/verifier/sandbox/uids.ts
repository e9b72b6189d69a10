/** Which uid a room gets, so that no two that run at once share a process limit or a file. */

/** How the command becomes somebody else than the verifier. */
export type Identity =
  | { readonly kind: 'setpriv'; readonly program: string; readonly uidBase: number }
  | { readonly kind: 'user_namespace' };

/** Above every range that Debian, systemd and container managers hand out; below 2^31. */
export const UID_BASE = 1_900_000_000;

/** Where a container maps no high uids: `nobody`, shared by all rooms. */
export const UID_BASE_FALLBACK = 65_534;

/** The uid a harness sees where only a user namespace is to be had; any but 0. */
const NAMESPACE_UID = 1_000;

/** Far more than a verifier runs at once; blocks keep several verifiers of one machine apart. */
const UIDS_PER_PROCESS = 64;
const BLOCKS = 65_536;

export function chooseUid(identity: Identity, index: number, pid = process.pid): number {
  if (identity.kind === 'user_namespace') return NAMESPACE_UID;
  if (identity.uidBase !== UID_BASE) return identity.uidBase;
  return uidsOf(pid).first + (index % UIDS_PER_PROCESS);
}

/** The block of uids of one verifier process, both ends included. */
export function uidsOf(pid: number): { first: number; last: number } {
  const first = UID_BASE + (pid % BLOCKS) * UIDS_PER_PROCESS;
  return { first, last: first + UIDS_PER_PROCESS - 1 };
}
