/** The room of {@link Sandbox} on Linux: bubblewrap, a uid of its own, a control group, resource limits. */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrapCommand } from './bootstrap.ts';
import type { Cgroup, CgroupBounds } from './cgroup.ts';
import { EGRESS_ENVIRONMENT, egressMounts, throughEgress } from './egress-door.ts';
import { enforceable, ISOLATION_FLAGS, type IsolationFlag } from './flags.ts';
import { composeLaunch } from './launch.ts';
import { defaultLimits, type SandboxLimits } from './limits.ts';
import type { Machine } from './machine.ts';
import { CACHES, INPUTS, type Mount, type Room, WORKSPACE } from './room.ts';
import type { Sandbox, SandboxJob } from './sandbox.ts';
import { seccompFilter } from './seccomp.ts';
import { supervise } from './supervise.ts';
import type { Toolchain } from './toolchain.ts';
import { chooseUid } from './uids.ts';

/** In the place of an archive a job does not have, so that no number is left to what the host has open there. */
const NO_FILE = '/dev/null';

export interface BubblewrapOptions {
  readonly machine: Machine;
  readonly toolchain: Toolchain;
  /** A directory only the verifier can enter; each command gets a room below it. */
  readonly scratch: string;
  /** Begins the name of each control group, so that a later start can tell whose it was. */
  readonly owner: string;
  readonly hostEnvironment: Readonly<Record<string, string | undefined>>;
  readonly limits?: Partial<SandboxLimits>;
  /** All of them, except in the test that takes one away. */
  readonly flags?: readonly IsolationFlag[];
}

export function createBubblewrap(options: BubblewrapOptions): Sandbox {
  const { machine, toolchain, scratch, owner, hostEnvironment } = options;
  const limits = { ...defaultLimits(machine.memoryBytes), ...options.limits };
  const { enforced, unenforced } = enforceable(options.flags ?? ISOLATION_FLAGS, machine);
  const spawnEnvironment = enforced.some((flag) => flag.emptyEnvironment) ? {} : hostEnvironment;
  let started = 0;

  return {
    limits,
    isolation: {
      sandboxed: true,
      tool: `bubblewrap ${machine.bwrapVersion}`,
      enforced: enforced.map(({ name }) => name),
      unenforced: unenforced.map(({ name }) => name),
    },
    async run(job, signal) {
      const index = started++;
      const directory = mkdtempSync(join(scratch, 'room-'));
      const files: number[] = [];
      let group: Cgroup | null = null;
      try {
        const uid = chooseUid(machine.identity, index);
        const room: Room = {
          machine,
          toolchain,
          uid,
          limits: { ...limits, ...job.limits },
          mounts: [...accountFiles(directory, uid), ...jobMounts(job)],
        };
        group = joinableGroup(machine, enforced, room, `${owner}-${index}`);
        const command = bootstrapCommand({
          workspace: WORKSPACE,
          unpackCount: job.unpack?.length ?? 0,
          pack: job.pack !== undefined,
          command: job.egressSocket ? throughEgress(job.command) : job.command,
          env: environment(toolchain, job),
        });
        const launch = composeLaunch(room, enforced, group?.directories ?? [], command);
        const open = (file: string, mode: 'r' | 'w') => {
          const descriptor = openSync(file, mode, 0o600);
          files.push(descriptor);
          return descriptor;
        };
        const descriptors = [
          open(job.unpack?.[0] ?? NO_FILE, 'r'),
          open(job.unpack?.[1] ?? NO_FILE, 'r'),
          open(job.pack ?? NO_FILE, 'w'),
          open(written(directory, 'options', launch.options), 'r'),
          open(written(directory, 'seccomp', seccompFilter(machine.architecture) ?? ''), 'r'),
        ];
        return await supervise(
          {
            program: launch.program,
            args: launch.args,
            env: spawnEnvironment,
            descriptors,
            wallMs: room.limits.wallMs,
            outputBytes: room.limits.outputBytes,
            kill: (child) => {
              child.kill('SIGKILL');
              group?.kill();
            },
            memoryKills: () => group?.memoryKills() ?? 0,
          },
          signal,
        );
      } finally {
        for (const descriptor of files) closeSync(descriptor);
        await group?.remove();
        rmSync(directory, { recursive: true, force: true });
      }
    },
  };
}

function joinableGroup(
  machine: Machine,
  flags: readonly IsolationFlag[],
  room: Room,
  name: string,
): Cgroup | null {
  const bounds: CgroupBounds = Object.assign({}, ...flags.map((flag) => flag.cgroup?.(room)));
  return machine.cgroups && Object.keys(bounds).length > 0
    ? machine.cgroups.create(name, bounds)
    : null;
}

/** A program that asks who it is, or who `localhost` is, gets an answer that says nothing about the host. */
function accountFiles(directory: string, uid: number): Mount[] {
  const texts = {
    passwd: `root:x:0:0:root:/nonexistent:/bin/false\nharness:x:${uid}:${uid}:harness:${WORKSPACE}/home:/bin/sh\n`,
    group: `root:x:0:\nharness:x:${uid}:\n`,
    hosts: '127.0.0.1 localhost harness\n::1 localhost\n',
    'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
    'resolv.conf': '',
  };
  return Object.entries(texts).map(([name, text]) => ({
    from: written(directory, name, text),
    to: `/etc/${name}`,
  }));
}

function jobMounts({ inputs = {}, caches = {}, egressSocket }: SandboxJob): Mount[] {
  const mounts = (directory: string, sources: Readonly<Record<string, string>>) =>
    Object.entries(sources).map(([name, from]) => ({ from, to: `${directory}/${name}` }));
  return [
    ...mounts(INPUTS, inputs),
    ...mounts(CACHES, caches),
    ...(egressSocket ? egressMounts(egressSocket) : []),
  ];
}

/** `CI` and its kin stay unset: a patch that behaves only where it is watched is to misbehave here (ADR 0003). */
function environment(toolchain: Toolchain, job: SandboxJob): Record<string, string> {
  return {
    ...toolchain.env,
    PATH: toolchain.path.join(':'),
    HOME: `${WORKSPACE}/home`,
    USER: 'harness',
    LANG: 'C.UTF-8',
    TMPDIR: '/tmp',
    ...(job.inputs && { INPUTS }),
    ...(job.egressSocket && EGRESS_ENVIRONMENT),
    ...job.env,
  };
}

function written(directory: string, name: string, content: string | Uint8Array): string {
  const file = join(directory, name);
  writeFileSync(file, content, { mode: 0o644 });
  return file;
}
