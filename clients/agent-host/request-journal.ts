/**
 * What this host knows about each request, on disk before it acts on it.
 *
 * 1. A request is journaled before it is handled, and as `started` before anything of it runs. A started request is
 *    never executed again, also not by the next life of a killed host.
 * 2. Its outcome is journaled before it is reported, and reported until the platform has acknowledged it.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '#proto/gen/types.ts';
import { PRIVATE_DIRECTORY_MODE, readTextIfPresent, writeFileAtomic } from '../api/atomic-file.ts';
import type { ProcessIdentity } from '../api/process-identity.ts';

/** The one terminal receipt of a request, as it is posted. */
export interface TerminalReceipt {
  event_type: 'worker.response' | 'worker.error';
  payload: JsonObject;
}

/** A request as it came over the worker's topic, or from the list of pending ones. */
export interface HostRequest {
  request_id: string;
  run_id: string;
  thread_id: string;
  method: string;
  turn: number;
  params: JsonObject;
  deadline_at_ms: number;
}

export type RequestRecord = { request: HostRequest } & (
  | { state: 'accepted' }
  | { state: 'started'; process: ProcessIdentity | null }
  | { state: 'finished'; receipt: TerminalReceipt }
  | { state: 'reported' }
);

export interface RequestJournal {
  /** False where the request is known already. */
  accept(request: HostRequest): Promise<boolean>;
  /** Called before anything runs, and again when the agent's process is known. */
  started(requestId: string, process: ProcessIdentity | null): Promise<void>;
  finished(requestId: string, receipt: TerminalReceipt): Promise<void>;
  reported(requestId: string): Promise<void>;
  find(requestId: string): Promise<RequestRecord | undefined>;
  /** Every request that is not reported yet, oldest first. */
  open(): Promise<RequestRecord[]>;
  /** Forgets reported requests older than the retention. */
  prune(nowMs: number): Promise<void>;
}

/** Longer than the journal of the worker's topic is replayed (24 h), so that no replayed request is taken for new. */
export const REQUEST_RETENTION_MS = 7 * 24 * 60 * 60_000;
const SUFFIX = '.v1.json';

export async function openRequestJournal(directory: string): Promise<RequestJournal> {
  await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
  const pathOf = (requestId: string) =>
    join(
      directory,
      `${createHash('sha256').update(requestId).digest('hex').slice(0, 40)}${SUFFIX}`,
    );

  async function find(requestId: string): Promise<RequestRecord | undefined> {
    const text = await readTextIfPresent(pathOf(requestId));
    return text === undefined ? undefined : parseRecord(text);
  }

  async function move(requestId: string, change: (request: HostRequest) => RequestRecord) {
    const known = await find(requestId);
    if (known === undefined) throw new Error(`request ${requestId} was never accepted`);
    await save(pathOf(requestId), change(known.request));
  }

  return {
    find,
    async accept(request) {
      if ((await find(request.request_id)) !== undefined) return false;
      await save(pathOf(request.request_id), { request, state: 'accepted' });
      return true;
    },
    started: (requestId, process) =>
      move(requestId, (request) => ({ request, state: 'started', process })),
    finished: (requestId, receipt) =>
      move(requestId, (request) => ({ request, state: 'finished', receipt })),
    reported: (requestId) => move(requestId, (request) => ({ request, state: 'reported' })),
    async open() {
      const found: { record: RequestRecord; writtenMs: number }[] = [];
      for (const name of await readdir(directory)) {
        if (!name.endsWith(SUFFIX)) continue;
        const path = join(directory, name);
        const record = parseRecord(await readFile(path, 'utf8'));
        if (record.state !== 'reported')
          found.push({ record, writtenMs: (await stat(path)).mtimeMs });
      }
      return found.sort((a, b) => a.writtenMs - b.writtenMs).map(({ record }) => record);
    },
    async prune(nowMs) {
      for (const name of await readdir(directory)) {
        const path = join(directory, name);
        if (nowMs - (await stat(path)).mtimeMs < REQUEST_RETENTION_MS) continue;
        if (
          !name.endsWith(SUFFIX) ||
          parseRecord(await readFile(path, 'utf8')).state === 'reported'
        ) {
          await rm(path, { force: true });
        }
      }
    },
  };
}

function save(path: string, record: RequestRecord): Promise<void> {
  return writeFileAtomic(path, `${JSON.stringify(record)}\n`);
}

/** The file is our own and replaced atomically: one that does not parse means a broken disk, and is not guessed at. */
function parseRecord(text: string): RequestRecord {
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null && 'state' in value && 'request' in value) {
    return value as RequestRecord;
  }
  throw new Error('a request record does not name its request and state');
}
