import type { ActivityOptions } from '@temporalio/workflow';
import { ACTIVITY_TIMEOUTS_MS } from '#temporal.config';

/**
 * One transaction. Retried while the database is away, since a run outlives an outage; what a payload causes is thrown as
 * non-retryable by the activity itself.
 */
export const RECORD: ActivityOptions = {
  startToCloseTimeout: ACTIVITY_TIMEOUTS_MS.recordAttempt,
  scheduleToCloseTimeout: ACTIVITY_TIMEOUTS_MS.recordDeadline,
  retry: { initialInterval: 200, backoffCoefficient: 2, maximumInterval: 10_000 },
};

/** Keeping the journal: some seconds of bounded statements. What fails for minutes is left to the next pass. */
export const KEEP: ActivityOptions = {
  startToCloseTimeout: ACTIVITY_TIMEOUTS_MS.keepAttempt,
  scheduleToCloseTimeout: ACTIVITY_TIMEOUTS_MS.keepDeadline,
  retry: { initialInterval: 1_000, maximumInterval: 30_000 },
};

/** Reads a whole log and writes files, minutes for a large one. A disk without room is waited for, like the database. */
export const DERIVE: ActivityOptions = {
  startToCloseTimeout: ACTIVITY_TIMEOUTS_MS.deriveAttempt,
  heartbeatTimeout: ACTIVITY_TIMEOUTS_MS.deriveHeartbeat,
  scheduleToCloseTimeout: ACTIVITY_TIMEOUTS_MS.recordDeadline,
  retry: { initialInterval: 1_000, maximumInterval: 30_000 },
};
