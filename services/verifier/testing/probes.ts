/**
 * One probe per isolation flag: a command line that answers differently once the flag is gone.
 *
 * `replacedBy` is what a careless room would have in the flag's place, for those without which nothing would start.
 */
import type { IsolationFlag } from '../sandbox/flags.ts';
import type { SandboxLimits } from '../sandbox/limits.ts';

export interface HostTraces {
  /** Of the process that runs the sandbox. */
  readonly pid: number;
  readonly port: number;
  readonly hostname: string;
  /** A directory anybody may write to, offered to the harness read-only as cache `shared`. */
  readonly sharedDirectory: string;
}

export interface Probe {
  readonly flag: string;
  /** The identities it applies to; both unless named. */
  readonly only?: 'root' | 'user';
  readonly command: (host: HostTraces) => string;
  readonly limits?: Partial<SandboxLimits>;
  readonly replacedBy?: Pick<IsolationFlag, 'bwrap' | 'setpriv'>;
  /** Other flags that guard the same and step aside, so that this one is seen alone. */
  readonly aside?: readonly string[];
  /** What the output matches with the flag, and without it. */
  readonly guarded: RegExp;
  readonly open: RegExp;
}

export const PROBE_VARIABLE = 'OA_PROBE_CREDENTIAL';

const MIB = 1024 * 1024;
const tmpfs = (path: string) => ['--perms', '1777', '--tmpfs', path];
const fill = (path: string, mebibytes: number) =>
  `dd if=/dev/zero of=${path}/fill bs=1M count=${mebibytes} 2>&1 | tail -1; stat -c 'size %s' ${path}/fill`;
const FILLED = /size 8388608/;
const FULL = /size [0-7]\d{0,6}$/m;

const CONNECT = (port: number) =>
  `python3 -c "import socket; socket.create_connection(('127.0.0.1', ${port}), 2); print('connected')" 2>&1 | tail -1`;

/** Starts sleepers until one cannot be had; prints how many there were. */
const SLEEPERS = `python3 -c "
import subprocess
started = []
try:
    while len(started) < 60:
        started.append(subprocess.Popen(['sleep', '9']))
except OSError:
    pass
print('started', len(started))"`;

export const PROBES: readonly Probe[] = [
  {
    flag: 'clean_environment',
    command: () =>
      `echo "got [$${PROBE_VARIABLE}] [$(tr '\\0' '\\n' </proc/1/environ 2>/dev/null | grep ${PROBE_VARIABLE})]"`,
    guarded: /got \[\] \[\]/,
    open: /got \[secret\]/,
  },
  {
    flag: 'network_namespace',
    command: ({ port }) => CONNECT(port),
    guarded: /refused|unreachable/i,
    open: /connected/,
  },
  {
    flag: 'pid_namespace',
    command: ({ pid }) => `[ -d /proc/${pid} ] && echo seen || echo unseen`,
    aside: ['no_user_namespaces'],
    guarded: /unseen/,
    open: /^seen/,
  },
  {
    flag: 'ipc_namespace',
    command: () => 'echo "segments $(tail -n +2 /proc/sysvipc/shm | wc -l)"',
    guarded: /segments 0/,
    open: /segments [1-9]/,
  },
  {
    flag: 'uts_namespace',
    command: ({ hostname }) =>
      `[ "$(cat /proc/sys/kernel/hostname)" = "${hostname}" ] && echo known || echo unknown`,
    guarded: /unknown/,
    open: /^known/,
  },
  {
    flag: 'cgroup_namespace',
    command: () => `grep -E ':(memory|):' /proc/self/cgroup`,
    guarded: /^\d+:(memory)?:\/$/m,
    open: /^\d+:(memory)?:\/.+/m,
  },
  {
    flag: 'unprivileged_uid',
    command: () => 'echo "uid $(id -u)"',
    replacedBy: { bwrap: () => ['--cap-add', 'CAP_SETPCAP'] },
    aside: ['no_user_namespaces'],
    only: 'root',
    guarded: /uid 19\d{8}/,
    open: /uid 0/,
  },
  {
    flag: 'no_capabilities',
    command: () => 'grep CapBnd /proc/self/status',
    only: 'root',
    guarded: /CapBnd:\t0{16}$/m,
    open: /CapBnd:\t0*[1-9a-f]/m,
  },
  {
    flag: 'no_user_namespaces',
    command: () => 'unshare -U true 2>&1 && echo made',
    aside: ['system_calls'],
    only: 'user',
    guarded: /No space left|not permitted/,
    open: /made/,
  },
  {
    flag: 'system_calls',
    command: () =>
      'python3 -c "import socket; socket.socket(40, socket.SOCK_STREAM)" 2>&1 | tail -1; unshare -U true 2>&1 && echo made; echo end',
    aside: ['no_user_namespaces'],
    guarded: /Operation not permitted\nunshare: .*\nend/,
    open: /made/,
  },
  {
    flag: 'new_session',
    command: () => `echo "session $(cut -d' ' -f6 /proc/self/stat)"`,
    guarded: /session [1-9]/,
    open: /session 0/,
  },
  {
    flag: 'private_devices',
    command: () => '[ -e /dev/kmsg ] && echo host || echo own',
    replacedBy: { bwrap: () => ['--dev-bind', '/dev', '/dev'] },
    aside: ['shm_size', 'read_only_root'],
    guarded: /own/,
    open: /host/,
  },
  {
    flag: 'private_proc',
    command: ({ pid }) => `[ -d /proc/${pid} ] && echo host || echo own`,
    replacedBy: { bwrap: () => ['--ro-bind', '/proc', '/proc'] },
    guarded: /own/,
    open: /host/,
  },
  {
    flag: 'workspace_size',
    command: () => fill('/workspace/repo', 8),
    limits: { workspaceBytes: 4 * MIB, fileBytes: 64 * MIB },
    replacedBy: { bwrap: () => tmpfs('/workspace') },
    guarded: FULL,
    open: FILLED,
  },
  {
    flag: 'tmp_size',
    command: () => fill('/tmp', 8),
    limits: { tmpBytes: 4 * MIB },
    replacedBy: { bwrap: () => tmpfs('/tmp') },
    guarded: FULL,
    open: FILLED,
  },
  {
    flag: 'shm_size',
    command: () => fill('/dev/shm', 8),
    limits: { tmpBytes: 4 * MIB },
    replacedBy: { bwrap: () => tmpfs('/dev/shm') },
    guarded: FULL,
    open: FILLED,
  },
  {
    flag: 'read_only_mounts',
    command: () => 'touch /caches/shared/changed 2>&1 && echo changed',
    replacedBy: {
      bwrap: ({ toolchain, mounts }) => [
        ...toolchain.mounts.flatMap((path) => ['--ro-bind', path, path]),
        ...mounts.flatMap(({ from, to }) => ['--bind', from, to]),
      ],
    },
    guarded: /Read-only file system/,
    open: /^changed/,
  },
  {
    flag: 'read_only_root',
    command: () => `awk '$5 == "/" || $5 == "/dev" { print $5, $6 }' /proc/self/mountinfo`,
    guarded: /^\/ ro,.*\n\/dev ro,/m,
    open: /^\/ rw,.*\n\/dev rw,/m,
  },
  {
    flag: 'memory_total',
    command: () =>
      'for i in 1 2 3 4; do python3 -c "x = bytearray(24 << 20); import time; time.sleep(3); print(\'held\')" & done; wait; echo end',
    limits: { memoryBytes: 64 * MIB },
    aside: ['memory_per_process'],
    guarded: /^(held\n){0,3}end/,
    open: /^(held\n){4}end/,
  },
  {
    flag: 'pids_total',
    command: () => SLEEPERS,
    limits: { pids: 40 },
    aside: ['processes_per_uid'],
    guarded: /started [1-3]?\d$/m,
    open: /started 60/,
  },
  {
    flag: 'processes_per_uid',
    command: () => SLEEPERS,
    limits: { pids: 40 },
    aside: ['pids_total'],
    guarded: /started [1-3]?\d$/m,
    open: /started 60/,
  },
  {
    flag: 'memory_per_process',
    command: () => `python3 -c "x = bytearray(128 << 20); print('held')" 2>&1 | tail -1`,
    limits: { memoryBytes: 64 * MIB },
    aside: ['memory_total'],
    guarded: /MemoryError/,
    open: /held/,
  },
  {
    flag: 'file_size',
    command: () => fill('/workspace/repo', 8),
    limits: { fileBytes: 4 * MIB },
    guarded: /size 4194304/,
    open: FILLED,
  },
  {
    flag: 'open_files',
    command: () => 'echo "open files $(ulimit -n)"',
    limits: { openFiles: 77 },
    guarded: /open files 77$/m,
    open: /open files (?!77$)/m,
  },
  {
    flag: 'no_core_dumps',
    command: () => `awk '/core file/ { print "core", $6 }' /proc/self/limits`,
    guarded: /core 0/,
    open: /core unlimited/,
  },
];
