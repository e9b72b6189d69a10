/** What this machine lets us enforce, found out once at start by doing it. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { type CgroupHost, findCgroupHost } from './cgroup.ts';
import { type Identity, UID_BASE, UID_BASE_FALLBACK } from './uids.ts';

export interface Machine {
  readonly bwrap: string;
  readonly bwrapVersion: string;
  readonly prlimit: string | null;
  readonly identity: Identity;
  /** Whether `--disable-userns` is known (bubblewrap 0.8). */
  readonly disablesUserNamespaces: boolean;
  readonly architecture: NodeJS.Architecture;
  readonly cgroups: CgroupHost | null;
  readonly memoryBytes: number;
}

export type MachineProbe =
  | { readonly ok: true; readonly machine: Machine }
  | { readonly ok: false; readonly reason: string };

export const INSTALL_HINT = 'apt-get install bubblewrap';

const SYSTEM_PROGRAM_DIRECTORIES = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin'];

export function probeMachine(options: { path?: string; uid?: number } = {}): MachineProbe {
  const directories = [...SYSTEM_PROGRAM_DIRECTORIES, ...(options.path ?? '').split(':')];
  const find = (name: string) => findProgram(name, directories);
  if (process.platform !== 'linux')
    return refused(`bubblewrap needs Linux, this is ${process.platform}`);
  const bwrap = find('bwrap');
  if (!bwrap) return refused(`bubblewrap is not installed (${INSTALL_HINT})`);
  const identity = findIdentity(options.uid ?? process.getuid?.() ?? 0, find('setpriv'));
  if (!identity) return refused('running as root without setpriv (apt-get install util-linux)');
  const unshare = identity.kind === 'user_namespace' ? ['--unshare-user'] : [];
  const trial = run(bwrap, [
    ...unshare,
    '--unshare-pid',
    '--unshare-net',
    '--ro-bind',
    '/',
    '/',
    '--proc',
    '/proc',
    '/bin/true',
  ]);
  if (!trial.ok) return refused(`bubblewrap does not work here: ${trial.text}`);
  return {
    ok: true,
    machine: {
      bwrap,
      bwrapVersion: run(bwrap, ['--version']).text.replace('bubblewrap ', ''),
      prlimit: find('prlimit'),
      identity,
      disablesUserNamespaces: run(bwrap, ['--help']).text.includes('--disable-userns'),
      architecture: process.arch,
      cgroups: findCgroupHost(),
      memoryBytes: totalmem(),
    },
  };
}

/**
 * As root a command gets a uid of its own by setpriv, not by a user namespace: only a real uid makes the process limit
 * bind and keeps root's files closed. Anybody else has nothing but a user namespace.
 */
function findIdentity(uid: number, setpriv: string | null): Identity | null {
  if (uid !== 0) return { kind: 'user_namespace' };
  if (!setpriv) return null;
  for (const uidBase of [UID_BASE, UID_BASE_FALLBACK]) {
    const trial = run(setpriv, [
      `--reuid=${uidBase}`,
      `--regid=${uidBase}`,
      '--clear-groups',
      '/bin/true',
    ]);
    if (trial.ok) return { kind: 'setpriv', program: setpriv, uidBase };
  }
  return null;
}

function findProgram(name: string, directories: readonly string[]): string | null {
  for (const directory of directories.filter(Boolean)) {
    const file = join(directory, name);
    if (existsSync(file) && isExecutable(file)) return file;
  }
  return null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function run(program: string, args: readonly string[]): { ok: boolean; text: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env: {} });
  return { ok: status === 0, text: `${stdout ?? ''}${stderr ?? ''}`.trim() };
}

function refused(reason: string): MachineProbe {
  return { ok: false, reason };
}
