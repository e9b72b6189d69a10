/** Handles what a client sends in its order, one at a time; a client that sends faster is not read meanwhile. */
export interface Inbox<M> {
  push(message: M): void;
  /** Nothing more is handled. */
  stop(): void;
}

export function createInbox<M>(options: {
  sizeMax: number;
  handle(message: M): Promise<void>;
  onFault(fault: unknown): void;
  pause(): void;
  resume(): void;
}): Inbox<M> {
  const waiting: M[] = [];
  let running = false;
  let stopped = false;

  async function run(): Promise<void> {
    running = true;
    for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) {
      try {
        await options.handle(message);
      } catch (fault) {
        options.onFault(fault);
      }
      if (stopped) break;
      if (waiting.length === options.sizeMax - 1) options.resume();
    }
    running = false;
  }

  return {
    push(message) {
      if (stopped) return;
      waiting.push(message);
      if (waiting.length === options.sizeMax) options.pause();
      if (!running) void run();
    },
    stop() {
      stopped = true;
      waiting.length = 0;
    },
  };
}
