/** From the flags to the command line: join the control group, enter bubblewrap, drop the uid, set limits, start. */
import type { IsolationFlag } from './flags.ts';
import { DESCRIPTORS, type Room } from './room.ts';
import { systemMounts } from './system-mounts.ts';

export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  /** Bubblewrap's options, NUL-separated; they travel by descriptor, so that no process list shows paths of the host. */
  readonly options: string;
}

/** Joining before `exec` leaves no moment in which a process of the command is outside its group. */
const JOIN_GROUPS =
  'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs" || exit 125; shift; done; shift; exec "$@"';

export function composeLaunch(
  room: Room,
  flags: readonly IsolationFlag[],
  groups: readonly string[],
  command: readonly string[],
): Launch {
  const { bwrap, identity, prlimit } = room.machine;
  const options = [...systemMounts(room), ...flags.flatMap((flag) => flag.bwrap?.(room) ?? [])];
  const privileges = flags.flatMap((flag) => flag.setpriv?.(room) ?? []);
  const limits = flags.flatMap((flag) => flag.prlimit?.(room) ?? []);
  return {
    program: '/bin/sh',
    args: [
      '-c',
      JOIN_GROUPS,
      'join',
      ...groups,
      '--',
      bwrap,
      '--args',
      String(DESCRIPTORS.options),
      '--',
      ...(identity.kind === 'setpriv' && privileges.length > 0
        ? [identity.program, ...privileges, '--']
        : []),
      ...(prlimit && limits.length > 0 ? [prlimit, ...limits, '--'] : []),
      ...command,
    ],
    options: options.map((option) => `${option}\0`).join(''),
  };
}
