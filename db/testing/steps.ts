import { expect } from 'vitest';
import { ProblemError } from '#proto/errors.ts';
import type { RunId } from '#proto/ids.ts';
import type { Sql } from '../connect.ts';
import type { Journal } from '../runtime/journal.ts';
import { type StoredRunEvent, streamRunEvents } from '../runtime/run-events.ts';
import type { EventDraft, StepDraft } from '../runtime/step.ts';

export function delta(text: string, key?: string): EventDraft {
  return {
    event_type: 'text.delta',
    payload: { item_id: 'item', delta: text },
    ...(key === undefined ? {} : { idempotency_key: key }),
  };
}

export function step(
  run_id: RunId,
  events: EventDraft[],
  more: Partial<StepDraft> = {},
): StepDraft {
  return { run_id, events, origin: 'platform', ...more };
}

/** The whole log of a run. */
export async function readLog(sql: Sql, runId: RunId): Promise<StoredRunEvent[]> {
  const events: StoredRunEvent[] = [];
  for await (const event of streamRunEvents(sql, runId)) events.push(event);
  return events;
}

/** The problem that `attempt` is refused with; fails where it is not. */
export async function refusal(attempt: Promise<unknown>): Promise<ProblemError> {
  const error = await attempt.then(
    () => new Error('was not refused'),
    (failure: unknown) => failure,
  );
  expect(error).toBeInstanceOf(ProblemError);
  return error as ProblemError;
}

export async function finish(journal: Journal, runId: RunId): Promise<void> {
  await journal.append(
    step(runId, [{ event_type: 'run.finished', payload: { status: 'succeeded' } }], {
      patch: { status: 'succeeded', terminal_reason_class: 'completed' },
    }),
  );
}
