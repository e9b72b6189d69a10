/** Durations of a run that are behaviour: carried in its input, so that a test shortens them and a replay keeps them. */
export interface RunTimings {
  /** How long a canceled run waits for its worker to stop. 10 s: a well-behaved agent ends within two. */
  cancel_grace_ms: number;
  /**
   * First wait of the poll that finds a receipt whose signal was lost; it doubles up to `receipt_poll_max_ms`, so that a
   * week of polling stays within the history's bound.
   */
  receipt_poll_ms: number;
  receipt_poll_max_ms: number;
  /** First wait between looks for a worker when nobody signals one; doubles up to `worker_poll_max_ms`. */
  worker_poll_ms: number;
  worker_poll_max_ms: number;
  /** The first recovery starts at once, later ones after this: a worker that crashes on a task needs no hurry. */
  recovery_delay_ms: number;
  recoveries_max: number;
  /** An unanswered approval ends by the run's policy. */
  approval_timeout_ms: number;
  /** How long a run whose turn was interrupted waits to be told how to go on. */
  interrupted_wait_ms: number;
}

export const DEFAULT_RUN_TIMINGS: RunTimings = {
  cancel_grace_ms: 10_000,
  receipt_poll_ms: 20_000,
  receipt_poll_max_ms: 600_000,
  worker_poll_ms: 5_000,
  worker_poll_max_ms: 600_000,
  recovery_delay_ms: 30_000,
  recoveries_max: 3,
  approval_timeout_ms: 1_800_000,
  interrupted_wait_ms: 1_800_000,
};
