/**
 * Runs one untrusted command line at a time in a room of its own.
 *
 * 1. A room begins empty: its workspace is unpacked from archives of the host and is gone when the command ends, so no
 *    command can influence another except through the archive it is asked to leave behind.
 * 2. Nothing outlives a command: its end, its limits and cancellation kill the whole process namespace and group.
 * 3. The host never unpacks, parses or executes anything that a room produced.
 */

import type { SandboxLimits } from './limits.ts';
import type { Output } from './output.ts';

export interface SandboxJob {
  /** A shell command line, run in the repository's directory. */
  readonly command: string;
  /** Archives of the host that make up the workspace (`repo/`, `home/`), in this order. */
  readonly unpack?: readonly [string] | readonly [string, string];
  /** A file of the host that receives the workspace as an archive after the command, whatever its exit code. */
  readonly pack?: string;
  /** Files of the host, readable as `$INPUTS/<name>`. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** Directories of the host, readable as `/caches/<name>`. */
  readonly caches?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** The socket of an egress proxy; absent: no network at all. */
  readonly egressSocket?: string;
  readonly limits?: Partial<SandboxLimits>;
}

export type Ended = 'exited' | 'timed_out' | 'output_limit' | 'memory_limit' | 'killed';

export interface SandboxOutcome {
  /** Of the command; 128 + signal where a signal ended it, 137 where we did. */
  readonly exitCode: number;
  readonly ended: Ended;
  readonly durationMs: number;
  readonly output: Output;
}

/** As in the receipt's `Isolation`. */
export interface IsolationReport {
  readonly sandboxed: boolean;
  readonly tool: string;
  readonly enforced: readonly string[];
  readonly unenforced: readonly string[];
}

export interface Sandbox {
  readonly isolation: IsolationReport;
  readonly limits: SandboxLimits;
  /** @throws SandboxFault where the room itself failed; `signal.reason` where it was cancelled. */
  run(job: SandboxJob, signal: AbortSignal): Promise<SandboxOutcome>;
}

/** The workspace did not fit into the room: the repository's fault, not the machine's. */
export class WorkspaceTooLargeError extends Error {
  override readonly name = 'WorkspaceTooLargeError';
}

/** What a setup left cannot be taken along: closed to all, deeper than a path may be, a directory where the judge is a file. */
export class WorkspaceUnusableError extends Error {
  override readonly name = 'WorkspaceUnusableError';
}

/** The room could not be made. Trying again may help; the command never ran. */
export class SandboxFault extends Error {
  override readonly name = 'SandboxFault';
}

/** What a shell reports for SIGKILL. */
export const KILLED_EXIT_CODE = 137;
