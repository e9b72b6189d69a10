/**
 * What a transaction does once its connection is gone. The driver answers whoever waits for `begin`, and lets the
 * function inside go on: its next statement, or the ROLLBACK after its failure, is then written to a socket that is no
 * more, from a timer, where nothing can catch it, and the process ends. Hence nothing of such a function reaches the
 * driver any more, its own end neither.
 */

/** A statement of a transaction whose connection is gone. Nothing of the transaction was stored. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
}

/** Of the event loop, from the error of a socket to its close, which is when the driver knows. */
const TURNS_TO_CLOSE = 3;

export interface LostConnection {
  /** From now on. */
  happened(): void;
  /** The handle, which refuses every statement after the loss. */
  guard<T extends (...words: never[]) => unknown>(tx: T): T;
  /** Ends as `work` does; after a loss it never does, for `begin` has been answered. */
  outlive<T>(work: Promise<T>): Promise<T>;
}

export function createLostConnection(): LostConnection {
  let lost = false;

  function refuseIfLost(): void {
    if (lost) throw new ConnectionLostError('the connection of this transaction is gone');
  }

  return {
    happened() {
      lost = true;
    },
    guard: (tx) =>
      new Proxy(tx, {
        apply(target, self, words) {
          refuseIfLost();
          return Reflect.apply(target, self, words);
        },
        get(target, name) {
          refuseIfLost();
          return Reflect.get(target, name);
        },
      }),
    async outlive(work) {
      try {
        return await work;
      } catch (error) {
        // A statement fails before its connection is known to be gone.
        for (let turn = 0; turn < TURNS_TO_CLOSE && !lost; turn += 1) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        throw error;
      } finally {
        if (lost) await new Promise(() => {});
      }
    },
  };
}
