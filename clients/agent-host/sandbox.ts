import { execFile } from 'node:child_process';
import { lstatSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What an agent may reach. The names are those of `SandboxMode`. */
export type SandboxMode = 'read_only' | 'workspace_write' | 'full_access';

export interface SandboxRequest {
  mode: SandboxMode;
  workTree: string;
  /** Paths that must stay readable though /tmp is replaced, e.g. the clone's object stores. */
  readable: readonly string[];
  /** Directories and files that the agent must not read: credentials. */
  hidden: readonly string[];
}

/** How a command was confined: journaled with its tool call. */
export interface Confinement {
  mode: SandboxMode;
  tool: 'bubblewrap' | 'none';
  network: boolean;
  /** Why there is no sandbox, where there is none. */
  unsandboxed_because?: 'full_access' | 'bubblewrap_unavailable';
}

/** Around an agent that has a sandbox of its own: what it must not read is not there, and nothing of it outlives it. */
export interface MaskRequest {
  workTree: string;
  /** Written by the agent itself, beside its work. */
  writable: readonly string[];
  readable: readonly string[];
  hidden: readonly string[];
}

export interface Sandbox {
  /** Undefined where bubblewrap cannot be used inside bubblewrap: the agent is then masked by nothing. */
  mask(argv: readonly string[], request: MaskRequest): string[] | undefined;
  /** The bubblewrap that works on this machine, or undefined. */
  readonly bubblewrap: string | undefined;
  wrap(
    argv: readonly string[],
    request: SandboxRequest,
  ): Promise<{ argv: string[]; confinement: Confinement }>;
}

/** Where people keep credentials, below their home. Hidden from every sandboxed agent. */
const CREDENTIALS_IN_HOME = [
  '.ssh',
  '.gnupg',
  '.aws',
  '.azure',
  '.kube',
  '.docker',
  '.netrc',
  '.npmrc',
  '.pypirc',
  '.git-credentials',
  '.config/gh',
  '.config/gcloud',
  '.config/git/credentials',
  '.codex',
  '.claude',
];

/** Where bubblewrap says, before the command starts, which process the namespace lives by. It closes it for the command. */
export const NAMESPACE_INFO_FD = 4;
const PROBE_TIMEOUT_MS = 5_000;
const SANDBOX_PROBE = ['--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev'];
/** The agent keeps the network, which its model needs, and the file system, which its own sandbox takes from its commands. */
const MASK = ['--die-with-parent', '--unshare-pid', '--dev-bind', '/', '/', '--proc', '/proc'];

/** Finds out once whether bubblewrap is here and may create namespaces (containers and AppArmor often forbid it). */
export async function detectSandbox(searchPath: string | undefined): Promise<Sandbox> {
  const bubblewrap = (await probe(searchPath, SANDBOX_PROBE)) ? 'bwrap' : undefined;
  const nests = bubblewrap && (await probe(searchPath, [...MASK, 'bwrap', ...SANDBOX_PROBE]));
  return {
    bubblewrap,
    wrap: (argv, request) => wrap(bubblewrap, argv, request),
    mask: (argv, request) => (nests ? mask(bubblewrap, argv, request) : undefined),
  };
}

export function credentialPaths(home: string): string[] {
  return CREDENTIALS_IN_HOME.map((name) => join(home, name));
}

async function probe(searchPath: string | undefined, options: string[]): Promise<boolean> {
  try {
    await run('bwrap', [...options, 'true'], {
      timeout: PROBE_TIMEOUT_MS,
      env: { PATH: searchPath ?? '/usr/bin:/bin' },
    });
    return true;
  } catch {
    return false;
  }
}

async function wrap(
  bubblewrap: string | undefined,
  argv: readonly string[],
  request: SandboxRequest,
): Promise<{ argv: string[]; confinement: Confinement }> {
  if (request.mode === 'full_access' || bubblewrap === undefined) {
    const because = request.mode === 'full_access' ? 'full_access' : 'bubblewrap_unavailable';
    return {
      argv: [...argv],
      confinement: {
        mode: request.mode,
        tool: 'none',
        network: true,
        unsandboxed_because: because,
      },
    };
  }
  const options = [
    // The namespaces end with the host, however it ends. The agent has no terminal, so it needs no session of its own.
    ['--die-with-parent', '--unshare-all', '--cap-drop', 'ALL'],
    ['--info-fd', String(NAMESPACE_INFO_FD)],
    ['--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev'],
    // Sockets of daemons live below /run: reading is not the only way to reach out of a sandbox.
    ['--tmpfs', '/tmp', '--tmpfs', '/run'],
    ...hide(request.hidden),
    ...request.readable.map((path) => ['--ro-bind-try', path, path]),
    [request.mode === 'read_only' ? '--ro-bind' : '--bind', request.workTree, request.workTree],
    ['--chdir', request.workTree],
  ];
  return {
    argv: [bubblewrap, ...options.flat(), '--', ...argv],
    confinement: { mode: request.mode, tool: 'bubblewrap', network: false },
  };
}

function mask(bubblewrap: string, argv: readonly string[], request: MaskRequest): string[] {
  const options = [
    MASK,
    ['--info-fd', String(NAMESPACE_INFO_FD)],
    ['--tmpfs', '/tmp'],
    ...hide(request.hidden),
    ...request.readable.map((path) => ['--ro-bind-try', path, path]),
    ...[...request.writable, request.workTree].map((path) => ['--bind', path, path]),
    ['--chdir', request.workTree],
  ];
  return [bubblewrap, ...options.flat(), '--', ...argv];
}

/**
 * Bubblewrap refuses to mount over what is not there, so only what exists is covered. Looked up at once: a score of names,
 * most of them absent, costs other threads many times the looking.
 */
function hide(paths: readonly string[]): string[][] {
  const mounts: string[][] = [];
  for (const path of paths) {
    try {
      const real = realpathSync.native(path);
      const found = lstatSync(real);
      mounts.push(found.isDirectory() ? ['--tmpfs', real] : ['--ro-bind', '/dev/null', real]);
    } catch {
      // Absent or unreadable: nothing there that the agent could read.
    }
  }
  return mounts;
}
