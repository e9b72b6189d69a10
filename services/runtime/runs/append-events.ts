import { clampToInt64 } from '#proto/uint64.ts';
import { requirePerson } from '../../shared/http/caller.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { type AppendAsHost, appendedOf, positionsOf } from './host-appends.ts';
import { runIdOf } from './run-access.ts';

/** Appends what the host of a run reports: the hot path of the API. */
export function appendRunEvents(
  { tracing }: RuntimeDeps,
  append: AppendAsHost,
): RuntimeHandler<'runtime.run.events.append'> {
  return async function appendRunEvents({ body, params, caller, command }) {
    const runId = runIdOf(params);
    const person = requirePerson(caller);
    const { events, expected_previous_seq: expected } = body;
    const batch = {
      runId,
      events,
      ...(expected !== undefined && { expectedPreviousSeq: clampToInt64(expected) }),
    };
    // Batches of many runs share a commit, each with its receipt; that is also why `command.complete` is not called.
    const step = await tracing.span('runtime.persist', { events: events.length }, () =>
      append(person, batch, (result) => ({ ...command.context, positions: positionsOf(result) })),
    );
    return { data: appendedOf(step), positions: positionsOf(step) };
  };
}
