/**
 * Events of one run on their way to the platform.
 *
 * 1. An event is on disk before it is sent, under the idempotency key it keeps for ever; after a crash it is sent again
 *    under the same key, so that the log holds it exactly once.
 * 2. The spool is bounded. Beyond the limit progress is shed and counted; what decides something is never shed.
 * 3. Acknowledged events stay on disk until the run's directory is removed, so that a platform restored from a backup can
 *    be given them again.
 */
import { type FileHandle, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { JsonObject, RunEventDraft } from '#proto/gen/types.ts';
import {
  PRIVATE_DIRECTORY_MODE,
  PRIVATE_FILE_MODE,
  readTextIfPresent,
} from '../api/atomic-file.ts';
import { isDiskFull } from './disk-full.ts';

export interface SpoolLimits {
  /** Bytes that may wait for acknowledgement before progress is shed: some minutes of a chatty agent offline. */
  waitingBytesMax: number;
  /** Bytes of one spool file altogether, before progress is shed. */
  fileBytesMax: number;
}

export const SPOOL_LIMITS: SpoolLimits = {
  waitingBytesMax: 8 * 1024 * 1024,
  fileBytesMax: 64 * 1024 * 1024,
};

export interface SpooledEvent extends RunEventDraft {
  payload: JsonObject;
}

export interface EventInput {
  event_type: string;
  payload: JsonObject;
  /** May be left out when too much is waiting. */
  sheddable: boolean;
}

export class Spool {
  readonly #file: FileHandle;
  readonly #ackPath: string;
  readonly #keyPrefix: string;
  #writtenBytes = 0;
  #broken: unknown;
  readonly #limits: SpoolLimits;
  /** Events after the acknowledged ones, oldest first, with the length of their lines. */
  readonly #waiting: { event: SpooledEvent; bytes: number }[] = [];
  #waitingBytes = 0;
  #fileBytes = 0;
  #appended = 0;
  #acknowledged = 0;
  #shed = 0;
  #tail: Promise<void> = Promise.resolve();
  #wake: (() => void) | undefined;

  private constructor(file: FileHandle, path: string, keyPrefix: string, limits: SpoolLimits) {
    this.#file = file;
    this.#ackPath = `${path}.acknowledged`;
    this.#keyPrefix = keyPrefix;
    this.#limits = limits;
  }

  /** Opens or reopens the spool of one request. `keyPrefix` begins each event's idempotency key. */
  static async open(path: string, keyPrefix: string, limits = SPOOL_LIMITS): Promise<Spool> {
    await mkdir(dirname(path), { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
    const file = await open(path, 'a+', PRIVATE_FILE_MODE);
    const spool = new Spool(file, path, keyPrefix, limits);
    await spool.#recover(path);
    return spool;
  }

  /** Events that were left out because too much was waiting. */
  get shed(): number {
    return this.#shed;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves when the event is on disk; false where it was shed. */
  async append(input: EventInput): Promise<boolean> {
    const full =
      this.#waitingBytes > this.#limits.waitingBytesMax ||
      this.#fileBytes > this.#limits.fileBytesMax;
    if (full && input.sheddable) {
      this.#shed += 1;
      return false;
    }
    this.#appended += 1;
    const event: SpooledEvent = {
      event_type: input.event_type,
      payload: input.payload,
      idempotency_key: `${this.#keyPrefix}/${this.#appended}`,
    };
    const line = `${JSON.stringify(event)}\n`;
    const bytes = Buffer.byteLength(line);
    this.#fileBytes += bytes;
    this.#waitingBytes += bytes;
    const written = this.#tail.then(() => this.#write(line, bytes));
    this.#tail = written.catch(() => undefined);
    await written;
    this.#waiting.push({ event, bytes });
    this.#wake?.();
    return true;
  }

  /** A line is whole or not there (1): what a full disk took half of is cut off, and nothing follows it. */
  async #write(line: string, bytes: number): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      await this.#file.appendFile(line);
      this.#writtenBytes += bytes;
    } catch (error) {
      this.#broken = error;
      await this.#file.truncate(this.#writtenBytes);
      throw error;
    }
  }

  /** The oldest events that wait, at most `eventsMax` and `bytesMax`, but at least one; on stable storage (1). */
  async peek(eventsMax: number, bytesMax: number): Promise<SpooledEvent[]> {
    const batch: SpooledEvent[] = [];
    let bytes = 0;
    for (const waiting of this.#waiting) {
      bytes += waiting.bytes;
      if (batch.length === eventsMax || (batch.length > 0 && bytes > bytesMax)) break;
      batch.push(waiting.event);
    }
    if (batch.length > 0) await this.#file.datasync();
    return batch;
  }

  /**
   * The platform has the `count` oldest events. Should this note be lost with the power, they are sent again under their
   * keys (1), so it is not worth waiting for the disk, nor for room on it.
   */
  async acknowledge(count: number): Promise<void> {
    for (const { bytes } of this.#waiting.splice(0, count)) this.#waitingBytes -= bytes;
    this.#acknowledged += count;
    const note = writeFile(this.#ackPath, String(this.#acknowledged), { mode: PRIVATE_FILE_MODE });
    await note.catch((error: unknown) => {
      if (!isDiskFull(error)) throw error;
    });
  }

  /** Resolves when an event waits, or the signal aborts. */
  async untilWaiting(signal: AbortSignal): Promise<void> {
    if (this.#waiting.length > 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      this.#wake = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }

  async close(): Promise<void> {
    await this.#tail;
    await this.#file.close();
  }

  async #recover(path: string): Promise<void> {
    if ((await this.#file.stat()).size === 0) return;
    const text = await readFile(path, 'utf8');
    this.#acknowledged = Number(await readTextIfPresent(this.#ackPath)) || 0;
    const complete = text.slice(0, text.lastIndexOf('\n') + 1);
    // A kill in the middle of a write leaves half a line, which was never sent.
    if (complete.length < text.length) await this.#file.truncate(Buffer.byteLength(complete));
    for (const line of complete.split('\n').slice(0, -1)) {
      this.#appended += 1;
      const bytes = Buffer.byteLength(line) + 1;
      this.#fileBytes += bytes;
      this.#writtenBytes += bytes;
      if (this.#appended <= this.#acknowledged) continue;
      this.#waiting.push({ event: JSON.parse(line) as SpooledEvent, bytes });
      this.#waitingBytes += bytes;
    }
  }
}
