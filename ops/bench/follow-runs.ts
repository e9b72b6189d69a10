import { parseId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import type { Operator } from '../testing/operator.ts';
import type { StackProcess } from '../testing/stack-process.ts';
import { createArrivals } from './arrivals.ts';
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
