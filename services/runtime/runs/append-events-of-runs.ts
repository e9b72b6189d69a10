import type { StepResult } from '#db/runtime/step.ts';
import { transaction } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import type { RunEventBatch } from '#proto/gen/types.ts';
import { isId } from '#proto/ids.ts';
import { type Person, requirePerson } from '../../shared/http/caller.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { type AppendAsHost, appendedOf, positionsOf } from './host-appends.ts';
import { runNotFound } from './run-access.ts';

type Outcome = { ok: true; step: StepResult } | { ok: false; problem: ProblemError };

/**
 * Appends the batches of several runs. They come together, so they share a commit; one that is refused leaves the others
 * alone. The one receipt follows their commits: a caller that was not answered repeats the batches under their keys.
 */
export function appendEventsOfRuns(
  { sql, tracing }: RuntimeDeps,
  append: AppendAsHost,
): RuntimeHandler<'runtime.runs.events.append'> {
  return async function appendEventsOfRuns({ body, caller, command }) {
    const person = requirePerson(caller);
    const { batches } = body;
    if (new Set(batches.map(({ run_id }) => run_id)).size < batches.length) {
      throw new ProblemError('invalid_request', 'A run has one batch in a request.');
    }
    const outcomes = await tracing.span('runtime.persist', { batches: batches.length }, () =>
      Promise.all(batches.map((batch) => outcomeOf(append, person, batch))),
    );
    const results = outcomes.map((outcome, index) => ({
      run_id: batches[index]?.run_id ?? '',
      ...(outcome.ok ? { ...ACCEPTED, ...appendedOf(outcome.step) } : refused(outcome.problem)),
    }));
    const positions = outcomes.flatMap((outcome) => (outcome.ok ? positionsOf(outcome.step) : []));
    return transaction(sql, (tx) => command.complete(tx, { data: { results }, positions }));
  };
}

async function outcomeOf(
  append: AppendAsHost,
  person: Person,
  { run_id: runId, events }: RunEventBatch,
): Promise<Outcome> {
  try {
    if (!isId('run', runId)) throw runNotFound();
    return { ok: true, step: await append(person, { runId, events }) };
  } catch (error) {
    if (error instanceof ProblemError) return { ok: false, problem: error };
    throw error;
  }
}

const ACCEPTED = { code: '', detail: '', retry_after_ms: '0' };

function refused({ code, message, retryAfterMs = 0 }: ProblemError) {
  return {
    ...{ code, detail: message, retry_after_ms: String(retryAfterMs) },
    ...{ events: [], head_seq: '0' },
  };
}
