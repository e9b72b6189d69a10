import { keepLateResults } from '#db/runtime/late-results.ts';
import type { EventDraft, StepDraft, StepResult } from '#db/runtime/step.ts';
import { transaction } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import { clampToInt64 } from '#proto/uint64.ts';
import { requirePerson } from '../../shared/http/caller.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { storedKey } from './host-key.ts';
import { heldRuns, runIdOf } from './run-access.ts';

/** Appends what the host of a run reports: the hot path of the API. What comes after the end is kept beside the log. */
export function appendRunEvents(deps: RuntimeDeps): RuntimeHandler<'runtime.run.events.append'> {
  const { sql, journal, loops, metrics, tracing } = deps;
  const held = heldRuns(sql);

  return async function appendRunEvents({ body, params, caller, command }) {
    const startedMs = performance.now();
    const runId = runIdOf(params);
    await held(requirePerson(caller), runId);
    const events = body.events.map(({ event_type, payload = {}, idempotency_key }) => ({
      event_type,
      payload,
      ...(idempotency_key && { idempotency_key }),
    }));
    const { expected_previous_seq: expected } = body;
    const draft: StepDraft = {
      run_id: runId,
      origin: 'public',
      events: events.map(inOwnRoom),
      ...(expected !== undefined && { expected_previous_seq: clampToInt64(expected) }),
    };
    // Batches of many runs share a commit, each with its receipt; that is also why `command.complete` is not called.
    const step = await tracing.span('runtime.persist', { events: events.length }, () =>
      journal
        .append(draft, ({ positions }) => ({ ...command.context, positions: texts(positions) }))
        .catch(async (error: unknown) => {
          const outcome = error instanceof ProblemError ? error.code : 'failed';
          metrics.run_events_appended_total.record(events.length, { outcome });
          if (outcome === 'run_closed') {
            await transaction(sql, (tx) => keepLateResults(tx, runId, events));
          }
          throw error;
        }),
    );
    loops.appended(runId, events, step.events);
    metrics.run_events_appended_total.record(events.length, { outcome: 'ok' });
    metrics.run_events_batch_size.record(events.length, {});
    metrics.run_append_duration_seconds.record((performance.now() - startedMs) / 1000, {});
    return answerOf(step);
  };
}

function inOwnRoom(event: EventDraft): EventDraft {
  const { idempotency_key: key } = event;
  return key === undefined ? event : { ...event, idempotency_key: storedKey(key) };
}

function answerOf({ events, head_seq, positions }: StepResult) {
  return {
    data: {
      events: events.map(({ seq, event_hash, replayed }) => ({
        seq: String(seq),
        event_hash,
        replayed,
      })),
      head_seq: String(head_seq),
    },
    positions: texts(positions),
  };
}

function texts(positions: StepResult['positions']) {
  return positions.map(({ topic, seq }) => ({ topic, seq: String(seq) }));
}
