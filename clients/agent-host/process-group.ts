import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../api/atomic-file.ts';
import {
  identifyProcess,
  isSameProcessAlive,
  type ProcessIdentity,
} from '../api/process-identity.ts';

/** Time to write a last word and exit; after it nothing is asked any more. */
export const STOP_GRACE_MS = 5_000;
/** How long a killed group may take to vanish before it is left to the kernel. */
const KILL_WAIT_MS = 2_000;
const POLL_MS = 25;
/** How long what remains of an ended namespace may take to vanish by itself; most take a few milliseconds. */
const SETTLE_MS = 60;
const SETTLE_POLL_MS = 4;
/** Marks every process that descends from one request, for those that left its group. */
export const REQUEST_MARK = 'OA_REQUEST_ID';

/**
 * Ends a process group that this host, or an earlier life of it, started: SIGTERM, then SIGKILL. The group is named by
 * its leader's pid and start time, so that a reused pid is never signalled. Resolves when nothing of it is left.
 * `namespaceInit` is the process that the group's namespace lives by, where it has one.
 */
export async function stopGroup(
  leader: ProcessIdentity,
  graceMs = STOP_GRACE_MS,
  namespaceInit?: number,
): Promise<void> {
  const current = await identifyProcess(leader.pid);
  // A group keeps its leader's pid from being handed out again, so a stranger there means that the group is gone.
  if (current !== undefined && !(await isSameProcessAlive(leader))) return;
  // Its leader is gone: a process namespace that ended with it needs no signal, only a moment.
  if (current === undefined && (await settles(leader.pid, namespaceInit))) return;
  terminate(leader.pid);
  if (await goneWithin(leader.pid, graceMs)) return;
  signal(-leader.pid, 'SIGKILL');
  await goneWithin(leader.pid, KILL_WAIT_MS);
}

/**
 * Kills what a request left behind outside its process group, until nothing of it is found. Only Linux shows other processes'
 * environments; inside bubblewrap nothing can be left, as its process namespace ends with it.
 */
export async function reapMarked(requestId: string): Promise<void> {
  if (process.platform !== 'linux') return;
  const deadline = Date.now() + KILL_WAIT_MS;
  // Again, because what is killed may have been about to start something.
  while (killMarked(requestId) > 0 && Date.now() < deadline) await sleep(SETTLE_POLL_MS);
}

function killMarked(requestId: string): number {
  const marked = allPids().filter((pid) => bearsMark(readProcess(pid, 'environ'), requestId));
  for (const pid of marked) signal(pid, 'SIGKILL');
  return marked.length;
}

/** Some agents start their own programs with a clean environment, but for where their temporary files go. */
function bearsMark(environment: string, requestId: string): boolean {
  return environment
    .split('\0')
    .some(
      (variable) =>
        variable === `${REQUEST_MARK}=${requestId}` ||
        (variable.startsWith('TMPDIR=') &&
          variable.split('/').includes(encodeURIComponent(requestId))),
    );
}

/**
 * Bubblewrap itself dies of SIGTERM and takes its namespace with it, which would leave the agent no grace: the signal
 * goes to everything in the group but it.
 */
function terminate(group: number): void {
  const members = membersOnLinux(group);
  if (members === undefined) {
    signal(-group, 'SIGTERM');
    return;
  }
  const inner = members.filter(({ name }) => name !== 'bwrap');
  for (const { pid } of inner.length > 0 ? inner : members) signal(pid, 'SIGTERM');
}

async function settles(group: number, namespaceInit: number | undefined): Promise<boolean> {
  // The kernel lets the first process of a namespace become a zombie only when the others are gone.
  const remains = () =>
    groupExists(group) &&
    (namespaceInit === undefined || memberNamed(namespaceInit, group) !== undefined);
  const deadline = Date.now() + SETTLE_MS;
  while (remains()) {
    if (Date.now() >= deadline) return false;
    await sleep(SETTLE_POLL_MS);
  }
  return true;
}

async function goneWithin(group: number, limitMs: number): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  // Most end within milliseconds, and asking whether a group exists is cheap.
  const soon = Math.min(Date.now() + SETTLE_MS, deadline);
  while (groupExists(group) && Date.now() < soon) await sleep(SETTLE_POLL_MS);
  while (groupIsAlive(group)) {
    if (Date.now() >= deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

function groupIsAlive(group: number): boolean {
  if (!groupExists(group)) return false;
  const members = membersOnLinux(group);
  return members === undefined || members.length > 0;
}

/** One system call, where looking for the members reads a file of every process. Zombies still count. */
function groupExists(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== 'ESRCH';
  }
}

/**
 * The living members of a group (zombies are dead), or undefined where only the kernel could say. Files in /proc come
 * from memory; reading them in other threads costs many times the reading.
 */
function membersOnLinux(group: number): { pid: number; name: string }[] | undefined {
  if (process.platform !== 'linux') return undefined;
  return allPids().flatMap((pid) => memberNamed(pid, group) ?? []);
}

/** Undefined where the process is dead or of another group. */
function memberNamed(pid: number, group: number): { pid: number; name: string } | undefined {
  const stat = readProcess(pid, 'stat');
  const nameEnd = stat.lastIndexOf(')');
  const [state, , processGroup] = stat.slice(nameEnd + 2).split(' ', 3);
  if (processGroup !== String(group) || state === 'Z') return undefined;
  return { pid, name: stat.slice(stat.indexOf('(') + 1, nameEnd) };
}

function readProcess(pid: number, file: 'stat' | 'environ'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // It ended meanwhile, or belongs to somebody else.
    return '';
  }
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** True where there was something to signal. */
function signal(target: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(target, name);
    return true;
  } catch {
    // ESRCH: it ended meanwhile, which is what was wanted.
    return false;
  }
}
