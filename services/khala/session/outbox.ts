import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * What waits to be taken by one peer. Frames of one tick leave in one write. It never refuses a frame: callers ask
 * `hasRoom` first, so that what is not written is a position in a topic, not a copy of it.
 */
export class Outbox {
  readonly #socket: Duplex;
  readonly #bytesMax: number;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #sentBytes = 0;
  #flushing = false;

  constructor(socket: Duplex, bytesMax: number, onRoom: () => void) {
    this.#socket = socket;
    this.#bytesMax = bytesMax;
    socket.on('drain', onRoom);
  }

  get queuedBytes(): number {
    return this.#pendingBytes + this.#socket.writableLength;
  }

  /** Bytes that the peer's side of the connection has taken: it grows while the peer reads. */
  get takenBytes(): number {
    return this.#sentBytes - this.#socket.writableLength;
  }

  get hasRoom(): boolean {
    return this.queuedBytes < this.#bytesMax;
  }

  /** Resolves when there is room, or the socket is gone. */
  async whenRoom(): Promise<void> {
    while (!this.hasRoom && !this.#socket.destroyed) {
      this.flush();
      await new Promise<void>((resolve) => {
        const done = () => {
          this.#socket.off('drain', done).off('close', done);
          resolve();
        };
        this.#socket.once('drain', done).once('close', done);
      });
    }
  }

  write(frame: Uint8Array): void {
    this.#pending.push(frame);
    this.#pendingBytes += frame.length;
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.flush());
  }

  /**
   * Nothing of what waits leaves. What the socket holds already cannot be taken back, so a peer that did not read it
   * loses the socket with it, unread bytes of the kernel included.
   */
  discard(): void {
    this.#pending = [];
    this.#pendingBytes = 0;
    if (this.#socket.writableLength === 0) return;
    if (this.#socket instanceof Socket) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  flush(): void {
    this.#flushing = false;
    const frames = this.#pending;
    if (frames.length === 0 || this.#socket.destroyed) return;
    this.#pending = [];
    this.#sentBytes += this.#pendingBytes;
    this.#pendingBytes = 0;
    this.#socket.cork();
    for (const frame of frames) this.#socket.write(frame);
    this.#socket.uncork();
  }
}
