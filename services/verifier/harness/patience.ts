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

/** A line on which nothing comes for so long is dead, though nobody said so; an answer of the runtime takes milliseconds. */
const SILENCE_MS_MAX = 20_000;

/** The other end fell silent in the middle of a call. */
export class SilentLineError extends Error {
  override readonly name = 'SilentLineError';
}

export interface Watched {
  signal: AbortSignal;
  /** Something came. */
  heard(): void;
}

/** Does `work` for as long as something comes. @throws SilentLineError, or what `work` throws */
export async function withoutSilence<T>(
  signal: AbortSignal,
  work: (watched: Watched) => Promise<T>,
  silenceMsMax = SILENCE_MS_MAX,
): Promise<T> {
  const silent = new AbortController();
  const timer = setTimeout(
    () => silent.abort(new SilentLineError(`nothing came for ${silenceMsMax} ms`)),
    silenceMsMax,
  );
  try {
    return await work({
      signal: AbortSignal.any([signal, silent.signal]),
      heard: () => void timer.refresh(),
    });
  } catch (error) {
    // A stream that is aborted tells of the abort, not of its reason.
    throw silent.signal.aborted && !signal.aborted ? silent.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}
