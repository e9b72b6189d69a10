import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Backlog, QueueBudget } from './queue-budget.ts';

/**
 * What waits to be taken by one peer. Frames of one tick leave in one write. It never refuses a frame: callers ask
 * `hasRoom` first, so that what is not written is a position in a topic, not a copy of it.
 */
export class Outbox implements Backlog {
  readonly #socket: Duplex;
  readonly #budget: QueueBudget;
  readonly #onRoom: () => void;
  #waiters: (() => void)[] = [];
  /** Most writes are one frame. */
  #first: Uint8Array | undefined;
  #rest: Uint8Array[] = [];
  #pendingBytes = 0;
  #sentBytes = 0;
  #flushing = false;
  #ended = false;

  constructor(socket: Duplex, budget: QueueBudget, onRoom: () => void) {
    this.#socket = socket;
    this.#budget = budget;
    this.#socket.on('drain', () => this.onRoom());
    this.#onRoom = onRoom;
  }

  get queuedBytes(): number {
    return this.#pendingBytes + this.#socket.writableLength;
  }

  /** Bytes that the peer's side of the connection has taken: it grows while the peer reads. */
  get takenBytes(): number {
    return this.#sentBytes - this.#socket.writableLength;
  }

  get hasRoom(): boolean {
    const { queuedBytes } = this;
    return queuedBytes === 0 || queuedBytes < this.#budget.bytesMax;
  }

  /** Resolves when there is room, or the socket is gone. */
  async whenRoom(): Promise<void> {
    while (!this.hasRoom && !this.#ended) {
      this.flush();
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve);
      });
    }
  }

  onRoom(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
    this.#onRoom();
  }

  write(frame: Uint8Array): void {
    this.add(frame);
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.flush());
  }

  /**
   * Nothing of what waits leaves. What the socket holds already cannot be taken back, so a peer that did not read it
   * loses the socket with it, unread bytes of the kernel included.
   */
  discard(): void {
    this.#first = undefined;
    this.#rest = [];
    this.#pendingBytes = 0;
    if (this.#socket.writableLength === 0) return;
    if (this.#socket instanceof Socket) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** Leaves with the next `flush`, which the caller sees to. */
  add(frame: Uint8Array): void {
    if (this.#first === undefined) this.#first = frame;
    else this.#rest.push(frame);
    this.#pendingBytes += frame.length;
  }

  flush(): void {
    this.#flushing = false;
    const socket = this.#socket;
    if (this.#first === undefined || socket.destroyed) return;
    const [first, bytes] = [this.#first, this.#pendingBytes];
    this.#first = undefined;
    this.#pendingBytes = 0;
    this.#sentBytes += bytes;
    if (this.#rest.length === 0) {
      socket.write(first);
    } else {
      socket.cork();
      socket.write(first);
      for (const frame of this.#rest.splice(0)) socket.write(frame);
      socket.uncork();
    }
    if (socket.writableLength > 0) this.#budget.add(this, bytes);
  }

  /** The socket is gone, and with it what waited for it. */
  end(): void {
    this.#ended = true;
    this.#budget.remove(this);
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
