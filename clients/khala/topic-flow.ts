/** One subscribed topic on one connection after another: what was asked of the server, and what may be believed of it. */
import type { JsonValue } from '#proto/canonical.ts';
import type { TopicFrame } from './connection.ts';
import { TopicRefusedError } from './errors.ts';
import type { TopicReader } from './topic-reader.ts';
import type { SyncEvent } from './types.ts';

type Phase =
  /** Nothing runs on the server for this topic. `ready` once the reader knows where to begin. */
  | { name: 'unrequested'; ready: boolean }
  /** Frames of an earlier request may still be in flight, so nothing counts before its own SUBSCRIBED. */
  | { name: 'requested'; requestId: string }
  | { name: 'flowing'; epoch: string; caughtUp: boolean }
  /** The reader asked for silence: it is behind, or the application is reading a snapshot. */
  | { name: 'held' };

type UpdateBody = Extract<TopicFrame, { kind: 'update' }>['body'];

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
    return this.#phase.name === 'flowing' && this.#phase.caughtUp;
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

  requested(requestId: string): { topic: string; epoch: string; seq: bigint } {
    this.#phase = { name: 'requested', requestId };
    const cursor = this.#reader.cursor;
    return { topic: this.topic, epoch: cursor?.epoch ?? '', seq: cursor?.seq ?? 0n };
  }

  disconnected(): void {
    if (this.#phase.name === 'held') return;
    if (this.#phase.name === 'unrequested' && !this.#phase.ready) return;
    this.#phase = { name: 'unrequested', ready: true };
  }

  receive(frame: TopicFrame): void {
    switch (frame.kind) {
      case 'subscribed':
        this.#begin(frame.body);
        return;
      case 'update':
        this.#offer(frame.body);
        return;
      case 'update_batch':
        for (const update of frame.body.updates) this.#offer(update);
        return;
      case 'caught_up':
        if (this.#phase.name !== 'flowing') return;
        this.#phase = { ...this.#phase, caughtUp: true };
        this.#reader.caughtUp({ epoch: this.#phase.epoch, seq: frame.body.seq });
        return;
      case 'snapshot_required':
        this.#stale(frame.body);
        return;
      case 'error':
        this.#refuse(frame.body);
        return;
    }
  }

  #begin(body: Extract<TopicFrame, { kind: 'subscribed' }>['body']): void {
    if (this.#phase.name !== 'requested' || this.#phase.requestId !== body.request_id) return;
    this.#phase = { name: 'flowing', epoch: body.epoch, caughtUp: false };
    this.#received = 0n;
    this.#total = body.head_seq + 1n - body.from_seq;
    if (this.#reader.began(body.epoch, body.from_seq) === 'gap') {
      this.#commands.fail(
        new TopicRefusedError(this.topic, 'internal', 'the server began at another position'),
      );
    }
  }

  #refuse(body: Extract<TopicFrame, { kind: 'error' }>['body']): void {
    const answersOther =
      this.#phase.name === 'requested' &&
      body.request_id !== '' &&
      body.request_id !== this.#phase.requestId;
    if (answersOther) return;
    this.#commands.fail(new TopicRefusedError(this.topic, body.code, body.message));
  }

  #stale(body: Extract<TopicFrame, { kind: 'snapshot_required' }>['body']): void {
    if (this.#phase.name !== 'requested' && this.#phase.name !== 'flowing') return;
    // The server has dropped the subscription by sending this.
    this.#phase = { name: 'held' };
    this.#reader.snapshotRequired({
      topic: this.topic,
      reason: body.reason,
      epoch: body.epoch,
      floorSeq: body.floor_seq,
      headSeq: body.head_seq,
      snapshotSeq: body.snapshot_seq,
      snapshotUrl: body.snapshot_url,
    });
  }

  #offer(update: UpdateBody): void {
    if (this.#phase.name !== 'flowing') return;
    const event = eventOf(this.topic, this.#phase.epoch, update);
    const outcome = this.#reader.offer(event, update.payload.length);
    if (outcome === 'taken') this.#received += 1n;
    if (outcome === 'gap') {
      this.#phase = { name: 'unrequested', ready: true };
      this.#commands.request();
    }
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function eventOf(topic: string, epoch: string, update: UpdateBody): SyncEvent {
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
