import type { SyncEvent } from './types.ts';

/**
 * The hand-over behind `for await`: an event counts as applied when the next one is asked for, so a loop body that
 * fails or a process that dies in it sees the same event again.
 */
export interface EventHandover {
  apply(event: SyncEvent): Promise<void>;
  iterate(onReturn: () => Promise<void>): AsyncIterator<SyncEvent>;
  /** Ends the iteration: with `undefined` the loop finishes, with an error it throws. */
  end(error?: unknown): void;
}

export function createEventHandover(): EventHandover {
  let offered: { event: SyncEvent; applied: () => void } | undefined;
  let handed: (() => void) | undefined;
  let asked: (() => void) | undefined;
  let ended: { error?: unknown } | undefined;

  function wake(): void {
    asked?.();
    asked = undefined;
  }

  return {
    apply(event) {
      return new Promise((resolve) => {
        offered = { event, applied: resolve };
        wake();
      });
    },
    end(error) {
      ended ??= error === undefined ? {} : { error };
      wake();
    },
    iterate(onReturn) {
      return {
        async next() {
          handed?.();
          handed = undefined;
          while (!offered && !ended) {
            await new Promise<void>((resolve) => {
              asked = resolve;
            });
          }
          if (offered) {
            const { event, applied } = offered;
            offered = undefined;
            handed = applied;
            return { done: false, value: event };
          }
          if (ended && 'error' in ended) throw ended.error;
          return { done: true, value: undefined };
        },
        async return() {
          await onReturn();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
