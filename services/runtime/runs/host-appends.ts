import type { ReceiptOf } from '#db/runtime/journal.ts';
import { keepLateResults } from '#db/runtime/late-results.ts';
import type { EventDraft, StepDraft, StepResult } from '#db/runtime/step.ts';
import { transaction } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import type { RunEventDraft } from '#proto/gen/types.ts';
import type { RunId } from '#proto/ids.ts';
import type { Person } from '../../shared/http/caller.ts';
import type { RuntimeDeps } from '../deps.ts';
import { storedKey } from './host-key.ts';
import { heldRuns } from './run-access.ts';

export interface HostBatch {
  runId: RunId;
  events: readonly RunEventDraft[];
  expectedPreviousSeq?: bigint;
}

/** Appends what a host reports of a run that it holds. What comes after the end is kept beside the log. */
export type AppendAsHost = (
  person: Person,
  batch: HostBatch,
  receiptOf?: ReceiptOf,
) => Promise<StepResult>;

export function hostAppends(deps: RuntimeDeps): AppendAsHost {
  const { sql, journal, loops, metrics } = deps;
  const held = heldRuns(sql);

  return async function appendAsHost(person, batch, receiptOf) {
    const startedMs = performance.now();
    const { runId, expectedPreviousSeq } = batch;
    await held(person, runId);
    const events = batch.events.map(({ event_type, payload = {}, idempotency_key }) => ({
      event_type,
      payload,
      ...(idempotency_key && { idempotency_key }),
    }));
    const draft: StepDraft = {
      run_id: runId,
      origin: 'public',
      events: events.map(inOwnRoom),
      ...(expectedPreviousSeq !== undefined && { expected_previous_seq: expectedPreviousSeq }),
    };
    const step = await journal.append(draft, receiptOf).catch(async (error: unknown) => {
      const outcome = error instanceof ProblemError ? error.code : 'failed';
      metrics.run_events_appended_total.record(events.length, { outcome });
      if (outcome === 'run_closed') {
        await transaction(sql, (tx) => keepLateResults(tx, runId, events));
      }
      throw error;
    });
    loops.appended(runId, events, step.events);
    metrics.run_events_appended_total.record(events.length, { outcome: 'ok' });
    metrics.run_events_batch_size.record(events.length, {});
    metrics.run_append_duration_seconds.record((performance.now() - startedMs) / 1000, {});
    return step;
  };
}

function inOwnRoom(event: EventDraft): EventDraft {
  const { idempotency_key: key } = event;
  return key === undefined ? event : { ...event, idempotency_key: storedKey(key) };
}

/** Where a step stands, as the wire writes it. */
export function appendedOf({ events, head_seq }: StepResult) {
  return {
    events: events.map(({ seq, event_hash, replayed }) => ({
      seq: String(seq),
      event_hash,
      replayed,
    })),
    head_seq: String(head_seq),
  };
}

export function positionsOf({ positions }: StepResult) {
  return positions.map(({ topic, seq }) => ({ topic, seq: String(seq) }));
}
