import { parseId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import type { Operator } from '../testing/operator.ts';
import type { StackProcess } from '../testing/stack-process.ts';
import { khalaClientOf } from './khala-client.ts';

export interface SeenRun {
  run_id: string;
  status: string;
  receipt_id: string;
}

/** A connected client that sees the summaries of the operator's runs. */
export interface FollowedRuns {
  /** `performance.now()` when the run's first frame arrived. */
  firstSeenAt(runId: string): Promise<number>;
  /** The summary that said the run had ended. */
  finished(runId: string): Promise<SeenRun>;
  anyFinished(): string;
  close(): Promise<void>;
}

const TERMINAL = new Set(['succeeded', 'failed', 'canceled']);

export async function followRuns(stack: StackProcess, operator: Operator): Promise<FollowedRuns> {
  const topic = topics.userRuns(parseId('user', operator.userId));
  const client = await khalaClientOf(stack, operator);
  const seen = createArrivals<number>();
  const ended = createArrivals<SeenRun>();
  const caughtUp = new Promise<void>((resolve) => {
    client.subscribe(topic, {
      from: 'beginning',
      onCaughtUp: () => resolve(),
      onEvent: ({ payload }) => {
        const summary = payload as unknown as SeenRun;
        seen.arrive(summary.run_id, performance.now());
        if (TERMINAL.has(summary.status)) ended.arrive(summary.run_id, summary);
      },
    });
  });
  await caughtUp;
  return {
    firstSeenAt: (runId) => seen.wait(runId),
    finished: (runId) => ended.wait(runId),
    anyFinished: () => ended.any(),
    close: () => client.close(),
  };
}

interface Arrivals<T> {
  arrive(key: string, value: T): void;
  wait(key: string): Promise<T>;
  any(): string;
}

const WAIT_MS = 120_000;

/** Values by key, each settled once, whichever comes first: the value or whoever waits for it. */
function createArrivals<T>(): Arrivals<T> {
  const values = new Map<string, T>();
  const waiting = new Map<string, (value: T) => void>();
  return {
    arrive(key, value) {
      if (values.has(key)) return;
      values.set(key, value);
      waiting.get(key)?.(value);
      waiting.delete(key);
    },
    wait(key) {
      const known = values.get(key);
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${key} did not arrive`)), WAIT_MS);
        waiting.set(key, (value) => {
          clearTimeout(timer);
          resolve(value);
        });
      });
    },
    any() {
      const [first] = values.keys();
      if (!first) throw new Error('nothing arrived');
      return first;
    },
  };
}
