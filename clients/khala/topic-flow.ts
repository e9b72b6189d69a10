/** One subscribed topic on one connection after another: what was asked of the server, and what may be believed of it. */
import type { JsonValue } from '#proto/canonical.ts';
import type { Update } from '#proto/khala-message.ts';
import type { MessageOf, TopicMessage } from './connection.ts';
import { TopicRefusedError } from './errors.ts';
import type { TopicReader } from './topic-reader.ts';
import type { SyncEvent } from './types.ts';
import type { Watermark } from './watermark-store.ts';

type Phase =
  /** Nothing runs on the server for this topic. `ready` once the reader knows where to begin. */
  | { name: 'unrequested'; ready: boolean }
  /** Frames of an earlier request may still be in flight, so nothing counts before its own SUBSCRIBED. */
  | { name: 'requested'; requestId: string }
  | { name: 'flowing'; epoch: string; caughtUp: boolean }
  /** The reader asked for silence: it is behind, or the application is reading a snapshot. */
  | { name: 'held' };

export interface FlowCommands {
  /** Subscribe this flow (again), from its reader's cursor. */
  request(): void;
  unsubscribe(): void;
  fail(error: unknown): void;
}

export class TopicFlow {
  readonly topic: string;
  readonly #reader: TopicReader;
  readonly #commands: FlowCommands;
  #phase: Phase = { name: 'unrequested', ready: false };
  #received = 0n;
  #total = 0n;

  constructor(reader: TopicReader, commands: FlowCommands) {
    this.topic = reader.topic;
    this.#reader = reader;
    this.#commands = commands;
  }

  get ready(): boolean {
    return this.#phase.name === 'unrequested' && this.#phase.ready;
  }

  get caughtUp(): boolean {
    return this.#phase.name === 'flowing' && this.#phase.caughtUp && this.#reader.settled;
  }

  /** Events received of those that were behind the head when the topic was last subscribed. */
  get progress(): { received: bigint; total: bigint } {
    return {
      received: this.#received < this.#total ? this.#received : this.#total,
      total: this.#total,
    };
  }

  /** The reader knows its position, or moved to another one. */
  restart(): void {
    this.#phase = { name: 'unrequested', ready: true };
    this.#commands.request();
  }

  hold(): void {
    const wasOnServer = this.#phase.name === 'flowing' || this.#phase.name === 'requested';
    this.#phase = { name: 'held' };
    if (wasOnServer) this.#commands.unsubscribe();
  }

  /** The cursor to continue after; without one the server may begin at a snapshot. */
  requested(requestId: string): Watermark | undefined {
    this.#phase = { name: 'requested', requestId };
    return this.#reader.cursor;
  }

  disconnected(): void {
    if (this.#phase.name === 'held') return;
    if (this.#phase.name === 'unrequested' && !this.#phase.ready) return;
    this.#phase = { name: 'unrequested', ready: true };
  }

  receive(message: TopicMessage): void {
    switch (message.kind) {
      case 'subscribed':
        this.#begin(message);
        return;
      case 'update':
        this.#offer(message.update);
        return;
      case 'update_batch':
        for (const update of message.updates) this.#offer(update);
        return;
      case 'caught_up':
        this.#catchUp(message);
        return;
      case 'snapshot_required':
        this.#stale(message);
        return;
      case 'error':
        this.#refuse(message);
        return;
    }
  }

  #begin(message: MessageOf<'subscribed'>): void {
    if (this.#phase.name !== 'requested' || this.#phase.requestId !== message.request_id) return;
    this.#phase = { name: 'flowing', epoch: message.epoch, caughtUp: false };
    this.#received = 0n;
    this.#total = message.head_seq + 1n - message.from_seq;
    const beginning = {
      epoch: message.epoch,
      nextSeq: message.from_seq,
      snapshotPath: message.snapshot_url,
    };
    if (this.#reader.began(beginning) === 'gap') {
      this.#commands.fail(
        new TopicRefusedError(this.topic, 'internal', 'the server began at another position'),
      );
    }
  }

  #catchUp({ seq }: MessageOf<'caught_up'>): void {
    if (this.#phase.name !== 'flowing') return;
    const { epoch } = this.#phase;
    if (this.#reader.caughtUp({ epoch, seq }) === 'gap') this.#askAgain();
    else this.#phase = { ...this.#phase, caughtUp: true };
  }

  /** Something on the way was lost: from the reader's cursor on, once more. */
  #askAgain(): void {
    this.#phase = { name: 'unrequested', ready: true };
    this.#commands.request();
  }

  #refuse(message: MessageOf<'error'>): void {
    const answersOther =
      this.#phase.name === 'requested' &&
      message.request_id !== '' &&
      message.request_id !== this.#phase.requestId;
    if (answersOther) return;
    this.#commands.fail(new TopicRefusedError(this.topic, message.code, message.message));
  }

  #stale(message: MessageOf<'snapshot_required'>): void {
    if (this.#phase.name !== 'requested' && this.#phase.name !== 'flowing') return;
    // The server has dropped the subscription by sending this.
    this.#phase = { name: 'held' };
    this.#reader.snapshotRequired({
      topic: this.topic,
      reason: message.reason,
      epoch: message.epoch,
      floorSeq: message.floor_seq,
      headSeq: message.head_seq,
      snapshotSeq: message.snapshot_seq,
      snapshotUrl: message.snapshot_url,
    });
  }

  #offer(update: Update): void {
    if (this.#phase.name !== 'flowing') return;
    const event = eventOf(this.topic, this.#phase.epoch, update);
    const outcome = this.#reader.offer(event, update.payload.length);
    if (outcome === 'taken') this.#received += 1n;
    if (outcome === 'gap') this.#askAgain();
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function eventOf(topic: string, epoch: string, update: Update): SyncEvent {
  return {
    topic,
    epoch,
    seq: update.seq,
    kind: update.kind,
    payload: JSON.parse(utf8.decode(update.payload)) as JsonValue,
    payloadHash: update.payload_hash,
    recordedAtMs: Number(update.recorded_at_ms),
    docKey: update.doc_key,
    docVersion: update.doc_version,
    eventHash: update.event_hash,
  };
}
