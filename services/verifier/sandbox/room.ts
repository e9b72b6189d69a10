import type { SandboxLimits } from './limits.ts';
import type { Machine } from './machine.ts';
import type { Toolchain } from './toolchain.ts';

/** Everything the isolation flags need to know about one command line's sandbox. */
export interface Room {
  readonly machine: Machine;
  readonly limits: SandboxLimits;
  readonly toolchain: Toolchain;
  /** The uid and gid the command runs under, as it sees them itself. */
  readonly uid: number;
  /** Read-only mounts beyond the toolchain: where on the host → where inside. */
  readonly mounts: readonly Mount[];
}

export interface Mount {
  readonly from: string;
  readonly to: string;
}

/** Inside a sandbox. */
export const WORKSPACE = '/workspace';
export const INPUTS = '/inputs';
export const CACHES = '/caches';

/**
 * Files that pass from the verifier into the sandbox by descriptor. The numbers are those of `spawn`'s stdio array; a
 * POSIX shell redirects single digits only.
 */
export const DESCRIPTORS = {
  unpackFirst: 3,
  unpackSecond: 4,
  pack: 5,
  options: 6,
  seccomp: 7,
} as const;
