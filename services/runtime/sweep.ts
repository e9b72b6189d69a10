import type { Logger } from 'pino';

/** Keys live a day and nonces a minute; nobody waits for their room. */
const SWEEP_INTERVAL_MS = 5 * 60_000;

/** Forgets what has expired, from time to time, a bounded number of rows each. */
export function startSweep(
  stores: readonly { sweep(): Promise<number> }[],
  logger: Logger,
): { close(): Promise<void> } {
  let running: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    running = Promise.all(stores.map((store) => store.sweep())).catch((error: unknown) =>
      logger.warn({ err: error }, 'expired rows stay until the next sweep'),
    );
  }, SWEEP_INTERVAL_MS);
  timer.unref();
  return {
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}
