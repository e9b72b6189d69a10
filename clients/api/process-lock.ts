import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  errorCode,
  isMissing,
  PRIVATE_DIRECTORY_MODE,
  PRIVATE_FILE_MODE,
  readTextIfPresent,
} from './atomic-file.ts';
import { identifyProcess, isSameProcessAlive, type ProcessIdentity } from './process-identity.ts';

export class LockHeldError extends Error {
  readonly path: string;
  readonly holder: ProcessIdentity | undefined;
  constructor(path: string, holder: ProcessIdentity | undefined) {
    super(`${path} is held by ${holder ? `process ${holder.pid}` : 'another process'}`);
    this.name = 'LockHeldError';
    this.path = path;
    this.holder = holder;
  }
}

export interface Lock {
  release(): Promise<void>;
}

/** How often a waiting process looks again: well under the time of the shortest thing done under a lock, a refresh. */
const POLL_MS = 25;
/** A holder writes its identity right after creating the file; an empty file older than this was left by a crash. */
const UNNAMED_GRACE_MS = 2_000;

/**
 * Takes a lock file that one process at a time can hold. A lock whose holder is no longer alive (killed, rebooted) is
 * taken over. Throws LockHeldError when it is still held after `waitMs`.
 */
export async function acquireLock(path: string, waitMs: number): Promise<Lock> {
  await mkdir(dirname(path), { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
  const self = await identifyProcess(process.pid);
  const content = JSON.stringify(self ?? { pid: process.pid, started: '' });
  const deadline = Date.now() + waitMs;
  let unnamedSince: number | undefined;
  for (;;) {
    if (await tryCreate(path, content)) return { release: () => rm(path, { force: true }) };
    const holder = parseHolder(await readTextIfPresent(path));
    if (holder === undefined) unnamedSince ??= Date.now();
    else unnamedSince = undefined;
    const abandoned =
      holder === undefined
        ? unnamedSince !== undefined && Date.now() - unnamedSince > UNNAMED_GRACE_MS
        : !(await isSameProcessAlive(holder));
    if (abandoned) await takeOver(path, holder);
    else if (Date.now() >= deadline) throw new LockHeldError(path, holder);
    else await sleep(POLL_MS);
  }
}

export async function withLock<T>(
  path: string,
  waitMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const lock = await acquireLock(path, waitMs);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

async function tryCreate(path: string, content: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', PRIVATE_FILE_MODE);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes an abandoned lock. Between judging and removing, another process may have taken it over: the rename takes
 * whatever is there, and a lock that is not the judged one is put back.
 */
async function takeOver(path: string, judged: ProcessIdentity | undefined): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString('hex')}.stale`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  const taken = parseHolder(await readTextIfPresent(aside));
  if (taken?.pid !== judged?.pid || taken?.started !== judged?.started) await link(aside, path);
  await rm(aside, { force: true });
}

function parseHolder(text: string | undefined): ProcessIdentity | undefined {
  if (!text) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, started } = value as Record<string, unknown>;
    return typeof pid === 'number' && typeof started === 'string' ? { pid, started } : undefined;
  } catch {
    // A file cut off by a crash names nobody.
    return undefined;
  }
}
