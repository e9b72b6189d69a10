/** Everything about Temporal that is a decision: names, queues, limits. No I/O, no environment reads. */

export const NAMESPACE = 'default';

export const TASK_QUEUES = {
  runtime: 'runtime',
  economy: 'economy',
  verification: 'verification',
  control: 'control',
} as const;

/** Keys an operator filters by in the Temporal UI. Never a secret, never free text. */
export const SEARCH_ATTRIBUTES = {
  OaRunId: 'Keyword',
  OaOwner: 'Keyword',
  OaOrg: 'Keyword',
  OaRunState: 'Keyword',
  OaWorkUnit: 'Keyword',
  OaTier: 'Keyword',
  OaEnvelopeId: 'Keyword',
  OaAmountSat: 'Int',
} as const;

/**
 * The development server has one shard and polls its transfer and timer queues 20 times a second, which puts a 50 ms
 * step under every workflow task; with these a workflow of one activity takes 22 ms instead of 100 ms.
 */
export const DEV_SERVER_DYNAMIC_CONFIG = {
  'history.transferProcessorMaxPollRPS': 2000,
  'history.timerProcessorMaxPollRPS': 2000,
} as const;

/** Milliseconds. An attempt that takes longer is taken for dead and tried elsewhere. */
export const ACTIVITY_TIMEOUTS_MS = {
  /** One transaction of milliseconds; a run whose worker was killed in it goes on after this. */
  recordAttempt: 10_000,
  /** An outage of the database that lasts longer than a day ends the run as failed. */
  recordDeadline: 86_400_000,
  /** Snapshots of the largest lists, or a day's partition that is looked through before it is dropped. */
  keepAttempt: 120_000,
  keepDeadline: 900_000,
  deriveAttempt: 600_000,
  deriveHeartbeat: 30_000,
  /** The verifier reports life while a harness runs. */
  harnessHeartbeat: 30_000,
  /** Beside the harness's own time: clone, transfer, start of the sandbox. */
  harnessOverhead: 300_000,
} as const;

/** A verifier that dies on one harness again and again is not helped by a sixth try; fewer would be bad luck, not a reason. */
export const HARNESS_ATTEMPTS_MAX = 5;

/** One worker deployment per worker process; its build is the git SHA in production. */
export const DEPLOYMENTS = { worker: 'openagents-worker' } as const;

/** In development every restart is the same build, or it would strand the runs pinned to the one before. */
export const DEVELOPMENT_BUILD_ID = 'dev';

/** Measured for two cores beside Postgres; production sets its own by environment. */
export const WORKER_TUNING = {
  maxConcurrentActivityTaskExecutions: 64,
  maxConcurrentWorkflowTaskExecutions: 32,
  /** Runs kept in memory between their tasks; one costs about 1 MB with its isolate's share. */
  maxCachedWorkflows: 200,
  /** A killed worker's runs are offered to the others after this; the default of 10 s is felt by whoever watches. */
  stickyQueueScheduleToStartTimeout: 3_000,
  /** A step is one transaction; what lasts longer is cut and tried again by the next worker. */
  shutdownGraceTime: 3_000,
  shutdownForceTime: 4_500,
} as const;
