import type { ClientState } from '../khala/types.ts';

/** A replay that is over sooner needs no words, and a longer one not more of them. */
const REPLAY_TOLD_EVERY_MS = 1_000;
const count = new Intl.NumberFormat('en-US');

/** Tells a person what keeps the reader waiting; a line that works is silent. */
export function stateTeller(
  say: (text: string) => void,
  nowMs: () => number,
): (state: ClientState) => void {
  let nextMs: number | undefined;
  return (state) => {
    if (state.name === 'backoff') {
      const seconds = (state.delayMs / 1000).toFixed(1);
      say(`not connected (${state.reason}); again in ${seconds} s`);
    }
    if (state.name !== 'replaying') {
      nextMs = undefined;
      return;
    }
    nextMs ??= nowMs() + REPLAY_TOLD_EVERY_MS;
    if (nowMs() < nextMs) return;
    nextMs = nowMs() + REPLAY_TOLD_EVERY_MS;
    say(`replaying ${count.format(state.received)} of ${count.format(state.total)}`);
  };
}
