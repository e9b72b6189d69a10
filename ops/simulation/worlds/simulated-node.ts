/** A Khala node reduced to one topic: a journal with a lineage and a floor, and a line that carries what it sends. */
import type { MessageOf, TopicMessage } from '#clients/khala/connection.ts';
import type { Random } from '../random.ts';

export const TOPIC = 'run:run_simulated:events';

export interface Cursor {
  topic: string;
  epoch: string;
  seq: bigint;
}

type Update = MessageOf<'update'>['update'];
type StaleReason = MessageOf<'snapshot_required'>['reason'];

const utf8 = new TextEncoder();
const BATCH_MAX = 8;

export class SimulatedNode {
  epoch = 'epoch 1';
  head = 0n;
  floor = 1n;
  connected = true;
  /** On its way to the client. */
  readonly line: TopicMessage[] = [];
  #following: { next: bigint; caughtUp: boolean } | undefined;
  #lineages = 1;

  append(events: number): void {
    this.head += BigInt(events);
    this.pump();
  }

  /** Old rows go. */
  expire(random: Random): void {
    if (this.head > 0n) this.floor = 1n + BigInt(random.below(Number(this.head)));
  }

  /** A database restored from a backup: another lineage, with fewer events. */
  restore(random: Random): void {
    this.#lineages += 1;
    this.epoch = `epoch ${this.#lineages}`;
    this.head = BigInt(random.below(Number(this.head) + 1));
    this.floor = 1n;
    if (this.#following) this.#stale('lineage_mismatch');
  }

  disconnect(): void {
    this.connected = false;
    this.#following = undefined;
    this.line.length = 0;
  }

  subscribe(requestId: string, { epoch, seq }: Cursor): void {
    if (!this.connected) return;
    this.#following = undefined;
    const reason = this.#staleness(epoch, seq);
    if (reason) {
      this.#stale(reason);
      return;
    }
    const { head } = this;
    this.line.push({
      ...{ kind: 'subscribed', topic: TOPIC, epoch: this.epoch, request_id: requestId },
      ...{ from_seq: seq + 1n, head_seq: head, snapshot_seq: 0n, snapshot_url: '' },
    } as MessageOf<'subscribed'>);
    this.#following = { next: seq + 1n, caughtUp: false };
    this.pump();
  }

  #staleness(epoch: string, seq: bigint): StaleReason | undefined {
    if (epoch !== '' && epoch !== this.epoch) return 'lineage_mismatch';
    if (seq > this.head) return 'cursor_ahead';
    return seq + 1n < this.floor ? 'retention_expired' : undefined;
  }

  unsubscribe(): void {
    this.#following = undefined;
  }

  pump(): void {
    const following = this.#following;
    if (!following) return;
    const updates: Update[] = [];
    for (; following.next <= this.head; following.next += 1n) {
      updates.push(updateOf(this.epoch, following.next));
      if (updates.length === BATCH_MAX) this.#send(updates.splice(0));
    }
    this.#send(updates);
    if (following.caughtUp) return;
    following.caughtUp = true;
    this.line.push({ kind: 'caught_up', topic: TOPIC, epoch: this.epoch, seq: this.head });
  }

  #send(updates: Update[]): void {
    const [first] = updates;
    if (!first) return;
    this.line.push(
      updates.length === 1
        ? { kind: 'update', topic: TOPIC, seq: first.seq, update: first }
        : { kind: 'update_batch', topic: TOPIC, seq: first.seq, updates },
    );
  }

  #stale(reason: StaleReason): void {
    this.#following = undefined;
    this.line.push({
      ...{ kind: 'snapshot_required', topic: TOPIC, code: 'stale_cursor', reason },
      ...{ floor_seq: this.floor, head_seq: this.head, epoch: this.epoch },
      ...{ snapshot_seq: 0n, snapshot_url: '' },
    } as MessageOf<'snapshot_required'>);
  }
}

/** The payload says which event it is, so that an exchange would be seen. */
function updateOf(epoch: string, seq: bigint): Update {
  return {
    seq,
    kind: 'text.delta',
    payload: utf8.encode(JSON.stringify(`${epoch} ${seq}`)),
    payload_hash: '',
    recorded_at_ms: 0n,
    doc_key: '',
    doc_version: 0n,
    event_hash: '',
  };
}
