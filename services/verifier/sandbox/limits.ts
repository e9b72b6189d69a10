/** What one sandboxed command line may use. All bounds hold for everything it starts, together, unless named otherwise. */
export interface SandboxLimits {
  readonly wallMs: number;
  /** Resident memory, page cache of its own files and the tmpfs below, and swap. */
  readonly memoryBytes: number;
  /** Processes and threads. */
  readonly pids: number;
  readonly openFiles: number;
  /** The largest single file; also bounds the one file of the host it can write: the packed workspace. */
  readonly fileBytes: number;
  /** The repository and the home directory together. */
  readonly workspaceBytes: number;
  readonly tmpBytes: number;
  /** Standard output and error together; reading stops there. */
  readonly outputBytes: number;
}

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** A compiler or a headless test suite of an ordinary project fits; a leak does not take the machine along. */
const MEMORY_BYTES_MAX = 4 * GIB;

/** Never more than this share of the machine, so that the platform's own processes survive a hog. */
const MEMORY_SHARE_OF_MACHINE = 0.5;

/** node and go start dozens of threads per process; a fork bomb stops long before the machine's own limit. */
const PIDS_MAX = 1_024;

/** What a common login shell grants. */
const OPEN_FILES_MAX = 4_096;

/** A checkout with its installed dependencies; tmpfs, so it is charged to the memory limit as well. */
const WORKSPACE_BYTES_MAX = 2 * GIB;

const TMP_BYTES_MAX = 512 * MIB;

/** A verbose suite prints a few MiB; the whole of it is kept and hashed. */
export const OUTPUT_BYTES_MAX = 8 * MIB;

/** A harness that names no time gets ten minutes per stage. */
export const WALL_MS_DEFAULT = 600_000;

export function defaultLimits(machineMemoryBytes: number): SandboxLimits {
  const memoryBytes = Math.min(
    MEMORY_BYTES_MAX,
    Math.floor(machineMemoryBytes * MEMORY_SHARE_OF_MACHINE),
  );
  const workspaceBytes = Math.min(WORKSPACE_BYTES_MAX, Math.floor(memoryBytes / 2));
  return {
    wallMs: WALL_MS_DEFAULT,
    memoryBytes,
    pids: PIDS_MAX,
    openFiles: OPEN_FILES_MAX,
    fileBytes: workspaceBytes,
    workspaceBytes,
    tmpBytes: Math.min(TMP_BYTES_MAX, Math.floor(memoryBytes / 8)),
    outputBytes: OUTPUT_BYTES_MAX,
  };
}
