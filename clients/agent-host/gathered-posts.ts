/** Batches of several runs that come while others are under way leave in one request: a host with many runs asks for less. */
import { ApiError } from '../api/errors.ts';
import { BATCH_BYTES_MAX } from './publisher.ts';

export interface RunBatch<Event> {
  runId: string;
  events: readonly Event[];
}

export interface PostDeps<Event, Appended> {
  one(batch: RunBatch<Event>): Promise<Appended>;
  /** What became of each batch, in their order. */
  together(batches: readonly RunBatch<Event>[]): Promise<(Appended | ApiError)[]>;
}

/** What the platform takes in one request. */
export const GATHERED_RUNS_MAX = 64;
/** One on its way and one being answered: a slow line holds nobody up for longer than a request takes. */
const REQUESTS_MAX = 2;

interface Waiting<Event, Appended> extends RunBatch<Event> {
  bytes: number;
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

/** A run has one batch under way at a time, as its publisher sends them; the first alone leaves at once. */
export function gatherPosts<Event, Appended>(
  deps: PostDeps<Event, Appended>,
): (runId: string, events: readonly Event[]) => Promise<Appended> {
  let waiting: Waiting<Event, Appended>[] = [];
  let underWay = 0;
  /** A platform of an earlier version takes each run by itself. */
  let gathers = true;

  async function carry(): Promise<void> {
    if (underWay >= REQUESTS_MAX) return;
    underWay += 1;
    try {
      while (waiting.length > 0) await send(take());
    } finally {
      underWay -= 1;
    }
  }

  function take(): Waiting<Event, Appended>[] {
    let bytes = 0;
    const taken = waiting.findIndex((batch, index) => {
      bytes += batch.bytes;
      return index > 0 && (index >= GATHERED_RUNS_MAX || bytes > BATCH_BYTES_MAX);
    });
    const count = taken < 0 ? waiting.length : taken;
    const batches = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return batches;
  }

  async function send(batches: Waiting<Event, Appended>[]): Promise<void> {
    if (batches.length === 1 || !gathers) {
      await sendEach(batches);
      return;
    }
    try {
      const outcomes = await deps.together(batches);
      for (const [index, batch] of batches.entries()) {
        const outcome = outcomes[index];
        if (outcome === undefined || outcome instanceof ApiError) {
          batch.reject(outcome ?? new ApiError('Decode', 'a batch was not answered'));
        } else batch.resolve(outcome);
      }
    } catch (error) {
      const isRefused = error instanceof ApiError && error.kind === 'Validation';
      if (isRefused && error.code === 'not_found') gathers = false;
      // What is wrong with one of them must not be told to the others.
      if (isRefused && !error.retryable) await sendEach(batches);
      else for (const batch of batches) batch.reject(error);
    }
  }

  async function sendEach(batches: Waiting<Event, Appended>[]): Promise<void> {
    await Promise.all(batches.map((batch) => deps.one(batch).then(batch.resolve, batch.reject)));
  }

  return (runId, events) =>
    new Promise((resolve, reject) => {
      const bytes = Buffer.byteLength(JSON.stringify(events));
      waiting.push({ runId, events, bytes, resolve, reject });
      void carry();
    });
}
