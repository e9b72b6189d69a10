/** Where the processes of the suite run: servers apart from clients. Postgres and the bench itself go where there is room. */
import { execFileSync } from 'node:child_process';

export const SERVER_CORE = 0;
export const CLIENT_CORE = 1;

/** All threads of a process, and those that they begin. Linux only. */
export function pin(pid: number, core: number): void {
  execFileSync('taskset', ['--all-tasks', '--pid', '--cpu-list', String(core), String(pid)], {
    stdio: 'ignore',
  });
}
