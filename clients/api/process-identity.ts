import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { errorCode, isMissing } from './atomic-file.ts';

const run = promisify(execFile);

/**
 * A process, named so that a reused pid is never mistaken for it: the pid, and when it started. On Linux the start is
 * `boot id/clock ticks since boot`, elsewhere the start time that `ps` prints.
 */
export interface ProcessIdentity {
  pid: number;
  started: string;
}

/** Fields of /proc/PID/stat after the parenthesised command name; start time is field 22 of the whole line. */
const STAT_START_TIME_INDEX = 19;

/** The identity of a running process, or undefined where no process has that pid (a zombie counts as none). */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const started = process.platform === 'linux' ? startedOnLinux(pid) : await startedByPs(pid);
  return started === undefined ? undefined : { pid, started };
}

export async function isSameProcessAlive(identity: ProcessIdentity): Promise<boolean> {
  const current = await identifyProcess(identity.pid);
  return current !== undefined && current.started === identity.started;
}

/** Read at once: files in /proc come from memory, and another thread costs many times the reading. */
function startedOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields[STAT_START_TIME_INDEX];
    if (fields[0] === 'Z' || ticks === undefined) return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${boot.trim()}/${ticks}`;
  } catch (error) {
    if (isMissing(error) || errorCode(error) === 'ESRCH') return undefined;
    throw error;
  }
}

async function startedByPs(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)], {
      env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
    });
    return stdout.trim() || undefined;
  } catch {
    // `ps` exits 1 where there is no such process, its only failure here.
    return undefined;
  }
}
