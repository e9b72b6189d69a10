import { redactJson } from '#proto/redact.ts';
import { sha256Of, sha256ToBytes } from '#proto/sha256.ts';
import type { Tx } from '../transaction.ts';
import { type EventDraft, storedForm } from './step.ts';

/** What a host may still say about a run that is over: enough to understand it, no second log. */
const LATE_RESULTS_MAX = 1_000;

/**
 * Keeps what arrived after the log was closed beside it, in its stored form; repeated keys are kept once.
 *
 * @returns how many were kept
 */
export async function keepLateResults(
  tx: Tx,
  runId: string,
  events: readonly EventDraft[],
): Promise<number> {
  const [held] = await tx<{ count: number }[]>`
    select count(*)::int4 as count from runtime.late_results where run_id = ${runId}`;
  const room = Math.max(0, LATE_RESULTS_MAX - (held?.count ?? 0));
  let kept = 0;
  for (const [index, event] of events.slice(0, room).entries()) {
    const { payload } = storedForm(event.payload, `$.events[${index}].payload`, redactJson);
    const { count } = await tx`
      insert into runtime.late_results (run_id, event_type, payload, payload_sha256, idempotency_key)
      values (${runId}, ${event.event_type}, ${payload}, ${sha256ToBytes(sha256Of(payload))},
        ${event.idempotency_key ?? null})
      on conflict do nothing`;
    kept += count;
  }
  return kept;
}
