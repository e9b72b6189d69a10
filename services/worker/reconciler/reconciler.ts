/**
 * Looks whether the open runs still have a history in Temporal, and gives a new one to those that have not.
 *
 * 1. The tables are the authority: what Temporal has lost is begun anew from the log, never the other way round.
 * 2. Several reconcilers may look at once: the log is written under the run's lock, and a workflow that runs is left alone.
 * 3. One sweep looks at a bounded number of runs: those that somebody could not reach, then the next ones of a walk over all.
 */
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { LostHistory, ReconcileRun } from '#activities/run/reconcile.ts';
import { derivedId } from '#activities/shared/derived-id.ts';
import type { Sql } from '#db/connect.ts';
import { listOpenRuns, takeUnreachedRuns } from '#db/runtime/open-runs.ts';
import type { ContinuableInput } from '#workflows/run/carry.ts';
import { RUN_WORKFLOW_TYPE } from '#workflows/run/messages.ts';
import { attributesAtStart } from '#workflows/run/search-attributes.ts';
import { runStartOptions } from '#workflows/run/start.ts';
import { verificationWorkflowId } from '#workflows/verification/messages.ts';
import { findLostHistory } from './lost-history.ts';

/** Runs of one sweep; each is one call to Temporal. */
const LOOKED_AT_MAX = 100;
const CALLS_AT_ONCE = 8;
/** Between two pages of the walk, as long as nothing is found: a live platform pays 20 calls a second at most. */
const WALK_PAUSE_MS = 5_000;

export interface ReconcilerDeps {
  sql: Sql;
  client: Client;
  reconcileRun: ReconcileRun;
  now(): number;
  onReconciled(lost: LostHistory, decision: 'resumed' | 'closed'): void;
}

export interface Reconciler {
  sweep(): Promise<void>;
}

export function createReconciler(deps: ReconcilerDeps): Reconciler {
  const { sql, client, reconcileRun, now, onReconciled } = deps;
  let afterRunId = '';
  let walkedAtMs = Number.NEGATIVE_INFINITY;

  async function nextOfWalk(limit: number): Promise<string[]> {
    if (limit === 0 || now() - walkedAtMs < WALK_PAUSE_MS) return [];
    const runs = await listOpenRuns(sql, { afterRunId, limit });
    afterRunId = runs.length < limit ? '' : (runs.at(-1) ?? '');
    walkedAtMs = now();
    return runs;
  }

  /** Whether the run had lost its history. */
  async function look(runId: string): Promise<boolean> {
    const lost = await findLostHistory(client, runId);
    if (!lost) return false;
    const reconciled = await reconcileRun(lost);
    if (reconciled.kind === 'ended') return false;
    await beginAnew(reconciled.input, lost);
    if (reconciled.isNew) onReconciled(lost, reconciled.kind);
    return true;
  }

  async function beginAnew(input: ContinuableInput, lost: LostHistory): Promise<void> {
    await endVerification(input);
    await client.workflow.start(RUN_WORKFLOW_TYPE, {
      ...runStartOptions(input),
      typedSearchAttributes: attributesAtStart(input, input.carried?.state),
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy:
        lost.workflow_status === 'reset' ? 'TERMINATE_EXISTING' : 'USE_EXISTING',
    });
  }

  /** One that its run has left would be in the way of the next under the same id. */
  async function endVerification({ run_id, carried }: ContinuableInput): Promise<void> {
    if (carried?.state.phase !== 'verifying' || carried.outcome) return;
    const verification_id = derivedId('verification', run_id, carried.turn);
    await client.workflow
      .getHandle(verificationWorkflowId(verification_id))
      .terminate('its run begins anew from the log')
      .catch((error: unknown) => {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      });
  }

  return {
    async sweep() {
      const unreached = await takeUnreachedRuns(sql, LOOKED_AT_MAX);
      const walked = await nextOfWalk(LOOKED_AT_MAX - unreached.length);
      const runs = [...new Set([...unreached, ...walked])];
      const failures: unknown[] = [];
      let isLossFound = false;
      for (let from = 0; from < runs.length; from += CALLS_AT_ONCE) {
        const looks = runs.slice(from, from + CALLS_AT_ONCE).map(look);
        for (const result of await Promise.allSettled(looks)) {
          if (result.status === 'rejected') failures.push(result.reason);
          else isLossFound ||= result.value;
        }
      }
      // Where one is lost, more may be: the walk goes on without a pause.
      if (isLossFound) walkedAtMs = Number.NEGATIVE_INFINITY;
      if (failures.length > 0)
        throw new AggregateError(failures, `${failures.length} runs could not be looked at`);
    },
  };
}
