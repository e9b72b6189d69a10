/** Harnesses that mean harm. Each is a patch to `run.sh`, judged by `sh run.sh`; none may be accepted or do damage. */

import type { SandboxLimits } from '../sandbox/limits.ts';
import type { Ended } from '../sandbox/sandbox.ts';

const MIB = 1024 * 1024;

/** Small, so that a test of a bound takes no longer than reaching it. */
export const ABUSE_LIMITS: Partial<SandboxLimits> = {
  memoryBytes: 192 * MIB,
  pids: 64,
  workspaceBytes: 32 * MIB,
  fileBytes: 32 * MIB,
  tmpBytes: 8 * MIB,
  outputBytes: 256 * 1024,
};

/** Where the verifier that is abused keeps something a harness must not read. */
export interface Secrets {
  readonly file: string;
  readonly pid: number;
}

export interface Abuse {
  readonly name: string;
  readonly script: (secrets: Secrets) => string;
  readonly ended: readonly Ended[];
  /** Ends only when its time is over, so the test gives it little. */
  readonly endless?: true;
}

export const ABUSES: readonly Abuse[] = [
  {
    name: 'forks without end',
    script: () => 'bomb() { bomb | bomb & }\nbomb\nsleep 30\n',
    ended: ['exited', 'timed_out'],
    endless: true,
  },
  {
    name: 'takes memory without end',
    script: () => 'exec python3 -c "\nx = []\nwhile True:\n    x.append(bytearray(8 << 20))\n"\n',
    ended: ['exited', 'memory_limit'],
  },
  {
    name: 'prints without end',
    script: () => 'exec yes\n',
    ended: ['output_limit'],
  },
  {
    name: 'sleeps for ever, deaf to signals',
    script: () => "trap '' TERM INT HUP\nwhile :; do sleep 30; done\n",
    ended: ['timed_out'],
    endless: true,
  },
  {
    name: 'fills the disk',
    script: () =>
      'for directory in . "$HOME" /tmp /dev/shm; do dd if=/dev/zero of=$directory/fill bs=1M; done\nexit 1\n',
    ended: ['exited'],
  },
  {
    name: 'reads outside its room',
    script: ({ file, pid }) =>
      `cat ${file} && exit 0\ncat /proc/${pid}/environ && exit 0\ncat /proc/1/root${file} && exit 0\ncat /etc/shadow && exit 0\nls /root/.ssh && exit 0\nexit 1\n`,
    ended: ['exited'],
  },
  {
    name: 'kills whatever it can',
    script: () => 'kill -9 -1\nexit 1\n',
    ended: ['exited'],
  },
];
