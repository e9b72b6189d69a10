/** Total memory and process count of one command line, in a control group of its own, on cgroup v1 or v2. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export type Controller = 'memory' | 'pids';

export interface CgroupBounds {
  readonly memoryBytes?: number;
  readonly pids?: number;
}

export interface Cgroup {
  /** Directories whose `cgroup.procs` the first process of the command joins. */
  readonly directories: readonly string[];
  /** How many processes the kernel killed here for want of memory. */
  memoryKills(): number;
  kill(): void;
  /** Kills what is left and removes the group. */
  remove(): Promise<void>;
}

export interface CgroupHost {
  readonly version: 1 | 2;
  readonly controllers: readonly Controller[];
  create(name: string, bounds: CgroupBounds): Cgroup;
  /** Removes groups of an earlier process that ended without doing so. */
  sweep(isStale: (name: string) => boolean): Promise<void>;
}

/** Every group of ours begins so. */
const NAME_PREFIX = 'oa-verifier-';

/** A killed group empties within milliseconds; after this it is left for the next start to remove. */
const REMOVE_ATTEMPTS = 100;
const REMOVE_PAUSE_MS = 20;

/** Finds out by doing: makes a group, sets its bounds, lets a process join, removes it. Null where that fails. */
export function findCgroupHost(): CgroupHost | null {
  if (process.platform !== 'linux') return null;
  const parents = readParents(
    readFileSync('/proc/self/cgroup', 'utf8'),
    readFileSync('/proc/self/mountinfo', 'utf8'),
  );
  const v1 = (['memory', 'pids'] as const).flatMap((controller) => {
    const parent = parents[controller];
    return parent && admits(parent, versionOne([[controller, parent]]))
      ? [[controller, parent] as const]
      : [];
  });
  if (v1.length > 0) return versionOne(v1);
  if (!parents.unified) return null;
  // A group with members of its own cannot hand controllers down; its parent, where it is delegated to us, can.
  for (const parent of [parents.unified, dirname(parents.unified)]) {
    const host = versionTwo(parent);
    if (host.controllers.length > 0 && admits(parent, host)) return host;
  }
  return null;
}

interface Parents {
  readonly memory?: string;
  readonly pids?: string;
  readonly unified?: string;
}

/** Where this process's own groups are mounted, from the texts of `/proc/self/cgroup` and `/proc/self/mountinfo`. */
export function readParents(cgroupText: string, mountText: string): Parents {
  const mounts = mountText.split('\n').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root, point] = left.split(' ');
    const [type, , options = ''] = right.split(' ');
    return root && point && type ? [{ root, point, type, options: options.split(',') }] : [];
  });
  const parents: { -readonly [key in keyof Parents]: string } = {};
  for (const line of cgroupText.split('\n').filter(Boolean)) {
    const [, controllers = '', ...rest] = line.split(':');
    const path = rest.join(':');
    for (const key of controllers === '' ? (['unified'] as const) : (['memory', 'pids'] as const)) {
      const unified = key === 'unified';
      if (!unified && !controllers.split(',').includes(key)) continue;
      const mount = mounts.find(({ type, options }) =>
        unified ? type === 'cgroup2' : type === 'cgroup' && options.includes(key),
      );
      if (mount)
        parents[key] = join(mount.point, relative(mount.root, path).replace(/^(\.\.\/?)+/, ''));
    }
  }
  return parents;
}

function admits(parent: string, host: CgroupHost): boolean {
  try {
    const trial = host.create(`${process.pid}-trial`, { memoryBytes: 64 * 1024 * 1024, pids: 16 });
    const joined = trial.directories.every(
      (directory) =>
        spawnSync('/bin/sh', ['-c', 'echo $$ > "$0"/cgroup.procs', directory]).status === 0,
    );
    for (const directory of trial.directories) rmdirSync(directory);
    return joined && existsSync(parent);
  } catch {
    return false;
  }
}

function versionOne(parents: readonly (readonly [Controller, string])[]): CgroupHost {
  const directoryOf = (parent: string, name: string) => join(parent, NAME_PREFIX + name);
  return {
    version: 1,
    controllers: parents.map(([controller]) => controller),
    create(name, { memoryBytes, pids }) {
      const directories: string[] = [];
      let memory: string | null = null;
      for (const [controller, parent] of parents) {
        const directory = directoryOf(parent, name);
        if (controller === 'memory' && memoryBytes !== undefined) {
          mkdirSync(directory);
          writeFileSync(join(directory, 'memory.limit_in_bytes'), String(memoryBytes));
          const withSwap = join(directory, 'memory.memsw.limit_in_bytes');
          if (existsSync(withSwap)) writeFileSync(withSwap, String(memoryBytes));
          memory = directory;
          directories.push(directory);
        }
        if (controller === 'pids' && pids !== undefined) {
          mkdirSync(directory);
          writeFileSync(join(directory, 'pids.max'), String(pids));
          directories.push(directory);
        }
      }
      return cgroup(directories, () =>
        counter(memory && join(memory, 'memory.oom_control'), 'oom_kill'),
      );
    },
    sweep: (isStale) =>
      sweepAll(
        parents.map(([, parent]) => parent),
        isStale,
      ),
  };
}

/** Groups below a parent whose controllers are handed down to it. */
export function versionTwo(parent: string): CgroupHost {
  const handedDown = readOr(join(parent, 'cgroup.subtree_control'), '').split(/\s+/);
  return {
    version: 2,
    controllers: (['memory', 'pids'] as const).filter((name) => handedDown.includes(name)),
    create(name, { memoryBytes, pids }) {
      const directory = join(parent, NAME_PREFIX + name);
      mkdirSync(directory);
      if (memoryBytes !== undefined) {
        writeFileSync(join(directory, 'memory.max'), String(memoryBytes));
        const swap = join(directory, 'memory.swap.max');
        if (existsSync(swap)) writeFileSync(swap, '0');
      }
      if (pids !== undefined) writeFileSync(join(directory, 'pids.max'), String(pids));
      return cgroup([directory], () => counter(join(directory, 'memory.events'), 'oom_kill'));
    },
    sweep: (isStale) => sweepAll([parent], isStale),
  };
}

function cgroup(directories: readonly string[], memoryKills: () => number): Cgroup {
  const kill = () => directories.forEach(killMembers);
  return {
    directories,
    memoryKills,
    kill,
    async remove() {
      for (const directory of directories) await removeGroup(directory);
    },
  };
}

function killMembers(directory: string): void {
  for (const pid of readOr(join(directory, 'cgroup.procs'), '').split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

async function removeGroup(directory: string): Promise<void> {
  for (let attempt = 0; attempt < REMOVE_ATTEMPTS; attempt++) {
    try {
      rmdirSync(directory);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      killMembers(directory);
      await sleep(REMOVE_PAUSE_MS);
    }
  }
}

async function sweepAll(
  parents: readonly string[],
  isStale: (name: string) => boolean,
): Promise<void> {
  for (const parent of parents) {
    for (const entry of readdirSync(parent)) {
      if (entry.startsWith(NAME_PREFIX) && isStale(entry.slice(NAME_PREFIX.length))) {
        await removeGroup(join(parent, entry));
      }
    }
  }
}

function counter(file: string | null, name: string): number {
  const line = file ? readOr(file, '').match(new RegExp(`^${name} (\\d+)$`, 'm')) : null;
  return Number(line?.[1] ?? 0);
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
}
