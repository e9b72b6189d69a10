import { setTimeout as delay } from 'node:timers/promises';

/**
 * How long the runtime may be away while a harness needs it: longer than a deployment. An attempt of the activity is for a
 * verifier that died; three of them are gone within seconds.
 */
const PATIENCE_MS = 10 * 60_000;
const PAUSE_MS_MIN = 200;
const PAUSE_MS_MAX = 5_000;

/** Says whether the same call may succeed in a moment. */
type IsPassing = (error: unknown) => boolean;

/** Repeats `work` while what it throws may pass. Throws the last error, and the signal's reason when it aborts. */
export async function patiently<T>(
  work: () => Promise<T>,
  isPassing: IsPassing,
  signal: AbortSignal,
  { now = Date.now }: { now?: () => number } = {},
): Promise<T> {
  const untilMs = now() + PATIENCE_MS;
  for (let pauseMs = PAUSE_MS_MIN; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !isPassing(error) || now() > untilMs) throw error;
      await delay(pauseMs, undefined, { signal });
    }
  }
}
