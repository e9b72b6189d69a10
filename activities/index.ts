import { Context } from '@temporalio/activity';
import type { RunActivities } from '#workflows/run/ports.ts';
import type { SyncActivities } from '#workflows/sync/ports.ts';
import type { VerificationRecordActivities } from '#workflows/verification/ports.ts';
import { createRequestApproval } from './run/approvals/request.ts';
import { createRecordApprovalResolved } from './run/approvals/resolve.ts';
import { createRecordApprovalsSuperseded } from './run/approvals/supersede.ts';
import { createRecordCancelRequested } from './run/cancel.ts';
import { createRecordRunCreated } from './run/create.ts';
import type { RuntimeActivityDeps } from './run/deps.ts';
import { createDispatchTurn, createReadReceipt } from './run/dispatch.ts';
import { createDeriveRunFiles } from './run/files/derive.ts';
import { createFinishRun } from './run/finish.ts';
import { createRecordAwaitingMessage, createRecordInterruptRequested } from './run/interrupt.ts';
import { createRecordLoopDetected } from './run/loop.ts';
import { createRecordMessage, createSettleSteers } from './run/messages.ts';
import { createRecordExecutorLost } from './run/recover.ts';
import { createBeginVerification } from './run/verification.ts';
import { withReadableFailures } from './shared/failures.ts';
import { createDropPartitions } from './sync/drop-partitions.ts';
import { createRetainTopics } from './sync/retain-topics.ts';
import { createSweepJournal } from './sync/sweep-journal.ts';
import { createTakeSnapshots } from './sync/take-snapshots.ts';
import { createRecordVerification } from './verification/record.ts';

export type { ArtifactStore, RuntimeActivityDeps } from './run/deps.ts';

export type RuntimeActivities = RunActivities & VerificationRecordActivities & SyncActivities;

/** The activities of queue `runtime`, as the `worker` process registers them. */
export function createActivities(deps: Omit<RuntimeActivityDeps, 'heartbeat'>): RuntimeActivities {
  return withReadableFailures(
    activitiesOf({ ...deps, heartbeat: () => Context.current().heartbeat() }),
  );
}

/** The same without a Temporal worker around them. */
export function activitiesOf(deps: RuntimeActivityDeps): RuntimeActivities {
  return {
    recordRunCreated: createRecordRunCreated(deps),
    dispatchTurn: createDispatchTurn(deps),
    readReceipt: createReadReceipt(deps),
    recordLoopDetected: createRecordLoopDetected(deps),
    recordExecutorLost: createRecordExecutorLost(deps),
    recordCancelRequested: createRecordCancelRequested(deps),
    beginVerification: createBeginVerification(deps),
    recordVerification: createRecordVerification(deps),
    requestApproval: createRequestApproval(deps),
    recordApprovalResolved: createRecordApprovalResolved(deps),
    recordApprovalsSuperseded: createRecordApprovalsSuperseded(deps),
    recordMessage: createRecordMessage(deps),
    settleSteers: createSettleSteers(deps),
    recordInterruptRequested: createRecordInterruptRequested(deps),
    recordAwaitingMessage: createRecordAwaitingMessage(deps),
    finishRun: createFinishRun(deps),
    deriveRunFiles: createDeriveRunFiles(deps),
    retainTopics: createRetainTopics(deps),
    dropPartitions: createDropPartitions(deps),
    sweepJournal: createSweepJournal(deps),
    takeSnapshots: createTakeSnapshots(deps),
  };
}
