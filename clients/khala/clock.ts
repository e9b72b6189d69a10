import type { Clock } from './types.ts';

/** A timer of more fires at once, everywhere; whoever waits for longer is called early and looks again. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(delayMs, TIMER_MAX_MS));
    return () => clearTimeout(timer);
  },
};
