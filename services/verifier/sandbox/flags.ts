/**
 * The isolation of a harness, one named entry per measure (ADR 0003). Each entry guards against something by itself:
 * `flags.e2e.test.ts` takes one away at a time and watches the guard fall.
 */
import type { CgroupBounds, Controller } from './cgroup.ts';
import type { Machine } from './machine.ts';
import { DESCRIPTORS, type Room, WORKSPACE } from './room.ts';
import { seccompFilter } from './seccomp.ts';

export interface IsolationFlag {
  readonly name: string;
  /** What a harness could do without it. */
  readonly guards: string;
  /** False where this machine cannot enforce it; absent: wherever bubblewrap works. */
  readonly possible?: (machine: Machine) => boolean;
  /** True where something stronger stands in its place, so that its absence is no weakness. */
  readonly redundant?: (machine: Machine) => boolean;
  readonly bwrap?: (room: Room) => readonly string[];
  readonly setpriv?: (room: Room) => readonly string[];
  readonly prlimit?: (room: Room) => readonly string[];
  readonly cgroup?: (room: Room) => CgroupBounds;
  /** Whether bubblewrap itself starts with an empty environment. */
  readonly emptyEnvironment?: true;
}

const asRoot = ({ identity }: Machine) => identity.kind === 'setpriv';
const asUser = ({ identity }: Machine) => identity.kind === 'user_namespace';
const filtersCalls = ({ architecture }: Machine) => seccompFilter(architecture) !== null;
const hasPrlimit = ({ prlimit }: Machine) => prlimit !== null;
const bounds = (controller: Controller) => (machine: Machine) =>
  machine.cgroups?.controllers.includes(controller) ?? false;

const tmpfs = (path: string, bytes: number) => [
  '--perms',
  '1777',
  '--size',
  String(bytes),
  '--tmpfs',
  path,
];

/** In the order in which bubblewrap applies them. */
export const ISOLATION_FLAGS: readonly IsolationFlag[] = [
  {
    name: 'clean_environment',
    guards: "reads the verifier's environment",
    emptyEnvironment: true,
    bwrap: () => ['--clearenv'],
  },
  {
    name: 'network_namespace',
    guards: 'reaches the internet, or services on this machine',
    bwrap: () => ['--unshare-net'],
  },
  {
    name: 'pid_namespace',
    guards: 'sees and signals processes of the host, and survives its own end',
    bwrap: () => ['--unshare-pid'],
  },
  {
    name: 'ipc_namespace',
    guards: 'sees System V shared memory and queues of the host',
    bwrap: () => ['--unshare-ipc'],
  },
  {
    name: 'uts_namespace',
    guards: 'learns the name of the host',
    bwrap: () => ['--unshare-uts', '--hostname', 'harness'],
  },
  {
    name: 'cgroup_namespace',
    guards: 'learns where in the control groups of the host it runs',
    bwrap: () => ['--unshare-cgroup-try'],
  },
  {
    name: 'unprivileged_uid',
    guards: 'is root, or the uid of the verifier, and opens their files',
    bwrap: ({ machine, uid }) =>
      asUser(machine)
        ? ['--unshare-user', '--uid', String(uid), '--gid', String(uid)]
        : ['--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID', '--cap-add', 'CAP_SETPCAP'],
    setpriv: ({ uid }) => [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'],
  },
  {
    name: 'no_capabilities',
    guards: 'gains capabilities of root through a file or a namespace',
    bwrap: ({ machine }) =>
      asUser(machine)
        ? ['--cap-drop', 'ALL']
        : [
            '--cap-drop',
            'ALL',
            '--cap-add',
            'CAP_SETUID',
            '--cap-add',
            'CAP_SETGID',
            '--cap-add',
            'CAP_SETPCAP',
          ],
    setpriv: () => ['--bounding-set=-all', '--inh-caps=-all'],
  },
  {
    name: 'no_user_namespaces',
    guards: 'makes a user namespace and has all capabilities in it',
    possible: (machine) => asUser(machine) && machine.disablesUserNamespaces,
    redundant: (machine) => asRoot(machine) && filtersCalls(machine),
    bwrap: () => ['--disable-userns'],
  },
  {
    name: 'system_calls',
    guards:
      'uses kernel surface that namespaces do not cover: keyrings, BPF, vsock, new namespaces',
    possible: filtersCalls,
    bwrap: () => ['--seccomp', String(DESCRIPTORS.seccomp)],
  },
  {
    name: 'new_session',
    guards: 'types into the terminal of the verifier',
    bwrap: () => ['--new-session'],
  },
  {
    name: 'die_with_parent',
    guards: 'goes on after the verifier was killed',
    bwrap: () => ['--die-with-parent'],
  },
  {
    name: 'private_devices',
    guards: 'opens disks and kernel logs of the host',
    bwrap: () => ['--dev', '/dev'],
  },
  {
    name: 'private_proc',
    guards: 'reads the processes of the host',
    bwrap: () => ['--proc', '/proc'],
  },
  {
    name: 'workspace_size',
    guards: 'fills the memory with files of its repository and home',
    bwrap: ({ limits }) => tmpfs(WORKSPACE, limits.workspaceBytes),
  },
  {
    name: 'tmp_size',
    guards: 'fills the memory, or the disk of the host, with temporary files',
    bwrap: ({ limits }) => [...tmpfs('/tmp', limits.tmpBytes), '--symlink', '/tmp', '/var/tmp'],
  },
  {
    name: 'shm_size',
    guards: 'fills the memory with shared segments',
    bwrap: ({ limits }) => tmpfs('/dev/shm', limits.tmpBytes),
  },
  {
    name: 'read_only_mounts',
    guards: 'changes a tool or a cache that others use',
    bwrap: ({ toolchain, mounts }) => [
      ...toolchain.mounts.flatMap((directory) => ['--ro-bind', directory, directory]),
      ...mounts.flatMap(({ from, to }) => ['--ro-bind', from, to]),
    ],
  },
  {
    name: 'read_only_root',
    guards: 'fills the memory through the unsized file systems around its workspace',
    bwrap: () => ['--remount-ro', '/dev', '--remount-ro', '/'],
  },
  {
    name: 'memory_total',
    guards: 'takes the memory of the machine',
    possible: bounds('memory'),
    cgroup: ({ limits }) => ({ memoryBytes: limits.memoryBytes }),
  },
  {
    name: 'pids_total',
    guards: 'takes all process slots of the machine',
    possible: bounds('pids'),
    cgroup: ({ limits }) => ({ pids: limits.pids }),
  },
  {
    name: 'processes_per_uid',
    guards: 'takes all process slots where no control group can be had',
    possible: hasPrlimit,
    prlimit: ({ limits }) => [`--nproc=${limits.pids}`],
  },
  {
    name: 'memory_per_process',
    guards: 'takes the memory where no control group can be had',
    possible: hasPrlimit,
    prlimit: ({ limits }) => [`--data=${limits.memoryBytes}`],
  },
  {
    name: 'file_size',
    guards: 'fills the disk of the host through the file its workspace is packed into',
    possible: hasPrlimit,
    prlimit: ({ limits }) => [`--fsize=${limits.fileBytes}`],
  },
  {
    name: 'open_files',
    guards: 'takes the file table of the machine',
    possible: hasPrlimit,
    prlimit: ({ limits }) => [`--nofile=${limits.openFiles}`],
  },
  {
    name: 'no_core_dumps',
    guards: 'writes its memory to where the host collects core dumps',
    possible: hasPrlimit,
    prlimit: () => ['--core=0'],
  },
];

/** Which of the flags hold on this machine, and which do not and are not covered by a stronger one. */
export function enforceable(flags: readonly IsolationFlag[], machine: Machine) {
  const holds = (flag: IsolationFlag) => flag.possible?.(machine) ?? true;
  return {
    enforced: flags.filter(holds),
    unenforced: flags.filter((flag) => !holds(flag) && !flag.redundant?.(machine)),
  };
}
