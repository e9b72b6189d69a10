/**
 * What the platform does about an open run whose Temporal history has ended without it.
 *
 * 1. The log says so first: a run is begun anew only after `run.terminated_externally` is committed.
 * 2. Several reconcilers may find the same loss: under the run's lock one of them writes it down, and for a while the others
 *    take it for the same.
 */
import { readPayload } from '#db/runtime/run-events.ts';
import { findEvent } from '#db/runtime/run-steps.ts';
import { lockRun, type RunRow } from '#db/runtime/runs.ts';
import { type Tx, transaction } from '#db/transaction.ts';
import type { ContinuableInput } from '#workflows/run/carry.ts';
import { type Ending, failed } from '#workflows/run/ending.ts';
import { isTerminalStatus } from '#workflows/run/state.ts';
import type { RuntimeActivityDeps } from './deps.ts';
import { textOf } from './json.ts';
import { readContinuableRun } from './resume.ts';

/** A run whose histories are lost again and again is the cause of it. */
export const RESUMPTIONS_MAX = 3;

/** A history that is gone has no id: the same loss is told by its time. Between the log's word and the new history lie milliseconds. */
const SAME_LOSS_MS = 10_000;

export interface LostHistory {
  run_id: string;
  /** How it was found. */
  workflow_status:
    | 'missing'
    | 'terminated'
    | 'reset'
    | 'failed'
    | 'completed'
    | 'timed_out'
    | 'canceled';
  /** Empty where Temporal does not know it any more. */
  workflow_run_id: string;
  /** Who ended it, or why; empty where nobody said. */
  reason: string;
}

export type Reconciled =
  | { kind: 'ended' }
  | { kind: 'resumed' | 'closed'; isNew: boolean; input: ContinuableInput };

export type ReconcileRun = (lost: LostHistory) => Promise<Reconciled>;

/** Writes down that a history is lost and reads with what the next one begins. */
export function createReconcileRun({
  sql,
  journal,
  now,
}: Pick<RuntimeActivityDeps, 'sql' | 'journal' | 'now'>): ReconcileRun {
  return async function reconcileRun(lost) {
    return transaction(sql, async (tx) => {
      const run = await lockRun(tx, lost.run_id);
      if (!run || isTerminalStatus(run.status)) return { kind: 'ended' };
      const last = await lastLoss(tx, run.run_id);
      const isNew = !last || !isSame(last, lost, now());
      const loss = isNew ? { ...lost, occurrence: (last?.occurrence ?? 0) + 1 } : last;
      const ending = endingOf(run, loss);
      const kind = ending ? 'closed' : 'resumed';
      if (isNew) {
        const { occurrence, workflow_status, workflow_run_id, reason } = loss;
        await journal.appendIn(tx, {
          run_id: run.run_id,
          origin: 'platform',
          events: [
            {
              event_type: 'run.terminated_externally',
              idempotency_key: lossKey(occurrence),
              payload: { workflow_status, workflow_run_id, reason, decision: kind, occurrence },
            },
          ],
        });
      }
      return { kind, isNew, input: await readContinuableRun(tx, run, ending) };
    });
  };
}

function isSame(last: WrittenLoss, lost: LostHistory, nowMs: number): boolean {
  // A run that was to be closed is closed, however often that takes.
  if (last.decision === 'closed') return true;
  if (last.workflow_run_id !== lost.workflow_run_id) return false;
  return lost.workflow_run_id !== '' || nowMs - last.at_ms < SAME_LOSS_MS;
}

interface Loss extends Omit<LostHistory, 'run_id'> {
  occurrence: number;
}

function lossKey(occurrence: number): string {
  return `terminated_externally:${occurrence}`;
}

interface WrittenLoss extends Loss {
  decision: string;
  at_ms: number;
}

async function lastLoss(tx: Tx, runId: string): Promise<WrittenLoss | null> {
  let last = null;
  for (let occurrence = 1; ; occurrence += 1) {
    const event = await findEvent(tx, runId, lossKey(occurrence));
    if (!event) return last;
    const payload = readPayload(event.payload);
    last = {
      // Written by this step.
      workflow_status: textOf(payload, 'workflow_status') as LostHistory['workflow_status'],
      workflow_run_id: textOf(payload, 'workflow_run_id'),
      reason: textOf(payload, 'reason'),
      decision: textOf(payload, 'decision'),
      occurrence,
      at_ms: event.recorded_at.getTime(),
    };
  }
}

/** Null: the run goes on. What an operator ended stays ended, unless a cancel was promised before. */
function endingOf(run: RunRow, { workflow_status, reason, occurrence }: Loss): Ending | null {
  const because = reason ? `: ${reason}` : '';
  if (occurrence > RESUMPTIONS_MAX) {
    const times = `the run was resumed ${RESUMPTIONS_MAX} times`;
    return failed('failed', `${times} and its history ended again, ${workflow_status}${because}`);
  }
  if (workflow_status !== 'terminated' || run.status === 'canceling') return null;
  return failed('failed', `an operator terminated the run in Temporal${because}`);
}
