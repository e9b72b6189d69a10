/**
 * What this host knows about each request, on disk before it acts on it.
 *
 * 1. A request is journaled before it is handled, and as `started` before anything of it runs. A started request is
 *    never executed again, also not by the next life of a killed host.
 * 2. Its outcome is journaled before it is reported, and reported until the platform has acknowledged it.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
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

/** A request that the platform has no acknowledged receipt of. */
export type OpenRecord = { request: HostRequest } & (
  | { state: 'accepted' }
  | { state: 'started'; process: ProcessIdentity | null }
  | { state: 'finished'; receipt: TerminalReceipt }
);

export type RequestRecord = OpenRecord | { request: HostRequest; state: 'reported' };

export interface RequestJournal {
  /** False where the request is known already. */
  accept(request: HostRequest): Promise<boolean>;
  /** Called before anything runs, and again when the agent's process is known. */
  started(requestId: string, process: ProcessIdentity | null): Promise<void>;
  finished(requestId: string, receipt: TerminalReceipt): Promise<void>;
  reported(requestId: string): Promise<void>;
  find(requestId: string): Promise<RequestRecord | undefined>;
  /** Every request that is not reported yet, oldest first. */
  open(): Promise<OpenRecord[]>;
  /** Forgets reported requests older than the retention. */
  prune(nowMs: number): Promise<void>;
}

/** Longer than the journal of the worker's topic is replayed (24 h), so that no replayed request is taken for new. */
export const REQUEST_RETENTION_MS = 7 * 24 * 60 * 60_000;
/**
 * That a request is reported stands in the name of its file, so that neither the start nor a look for open requests reads
 * the thousands that are done. The rename need not survive a power cut: the receipt is then posted once more.
 */
const OPEN_SUFFIX = '.v1.json';
const REPORTED_SUFFIX = '.v1.reported';

/** The directory belongs to one process, which holds the host's lock: after the first look, memory knows what is open. */
export async function openRequestJournal(directory: string): Promise<RequestJournal> {
  await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
  let reading: Promise<Map<string, OpenRecord>> | undefined;
  const openRecords = () => {
    reading ??= readOpen(directory);
    return reading;
  };
  const pathOf = (requestId: string, suffix: string) =>
    join(
      directory,
      `${createHash('sha256').update(requestId).digest('hex').slice(0, 40)}${suffix}`,
    );

  async function find(requestId: string): Promise<RequestRecord | undefined> {
    const open = (await openRecords()).get(requestId);
    if (open) return open;
    const text = await readTextIfPresent(pathOf(requestId, REPORTED_SUFFIX));
    return text === undefined
      ? undefined
      : { request: parseRecord(text).request, state: 'reported' };
  }

  async function save(record: OpenRecord): Promise<void> {
    const { request_id: requestId } = record.request;
    await writeFileAtomic(pathOf(requestId, OPEN_SUFFIX), `${JSON.stringify(record)}\n`);
    (await openRecords()).set(requestId, record);
  }

  async function move(requestId: string, change: (request: HostRequest) => OpenRecord) {
    const known = (await openRecords()).get(requestId);
    if (known === undefined) throw new Error(`request ${requestId} is not open`);
    await save(change(known.request));
  }

  return {
    find,
    async accept(request) {
      if ((await find(request.request_id)) !== undefined) return false;
      await save({ request, state: 'accepted' });
      return true;
    },
    started: (requestId, process) =>
      move(requestId, (request) => ({ request, state: 'started', process })),
    finished: (requestId, receipt) =>
      move(requestId, (request) => ({ request, state: 'finished', receipt })),
    async reported(requestId) {
      await rename(pathOf(requestId, OPEN_SUFFIX), pathOf(requestId, REPORTED_SUFFIX));
      (await openRecords()).delete(requestId);
    },
    open: async () => [...(await openRecords()).values()],
    async prune(nowMs) {
      for (const name of await readdir(directory)) {
        if (name.endsWith(OPEN_SUFFIX)) continue;
        const path = join(directory, name);
        if (nowMs - (await stat(path)).mtimeMs >= REQUEST_RETENTION_MS) {
          await rm(path, { force: true });
        }
      }
    },
  };
}

async function readOpen(directory: string): Promise<Map<string, OpenRecord>> {
  const found: { record: OpenRecord; writtenMs: number }[] = [];
  for (const name of await readdir(directory)) {
    if (!name.endsWith(OPEN_SUFFIX)) continue;
    const path = join(directory, name);
    const record = parseRecord(await readFile(path, 'utf8'));
    found.push({ record, writtenMs: (await stat(path)).mtimeMs });
  }
  // Files of one tick of the file system's clock have one time; ids grow with theirs.
  found.sort((a, b) => a.writtenMs - b.writtenMs || order(idOf(a), idOf(b)));
  return new Map(found.map(({ record }) => [record.request.request_id, record]));
}

function idOf({ record }: { record: OpenRecord }): string {
  return record.request.request_id;
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** The file is our own and replaced atomically: one that does not parse means a broken disk, and is not guessed at. */
function parseRecord(text: string): OpenRecord {
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null && 'state' in value && 'request' in value) {
    return value as OpenRecord;
  }
  throw new Error('a request record does not name its request and state');
}
