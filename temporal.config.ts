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
