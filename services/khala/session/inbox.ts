export interface InboxHost<M> {
  handle(message: M): Promise<void>;
  onFault(fault: unknown): void;
  /** Nothing more is read from the peer, until `resume`. */
  pause(): void;
  resume(): void;
}

/** Handles what a client sends in its order, one at a time; a client that sends faster is not read meanwhile. */
export class Inbox<M> {
  readonly #host: InboxHost<M>;
  readonly #sizeMax: number;
  readonly #waiting: M[] = [];
  #running = false;
  #stopped = false;

  constructor(host: InboxHost<M>, sizeMax: number) {
    this.#host = host;
    this.#sizeMax = sizeMax;
  }

  push(message: M): void {
    if (this.#stopped) return;
    this.#waiting.push(message);
    if (this.#waiting.length === this.#sizeMax) this.#host.pause();
    if (!this.#running) void this.#run();
  }

  /** Nothing more is handled. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.length = 0;
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      try {
        await this.#host.handle(next);
      } catch (fault) {
        this.#host.onFault(fault);
      }
      if (this.#stopped) break;
      if (this.#waiting.length === this.#sizeMax - 1) this.#host.resume();
    }
    this.#running = false;
  }
}
