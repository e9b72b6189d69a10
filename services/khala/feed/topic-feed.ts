/**
 * One topic on this node: what is newest, and pages of what is older, for all its local subscribers.
 *
 * 1. `tailSeq` moves only by rows that were read, never by what a hint said.
 * 2. Readers at one position share one query and one encoded frame.
 */
import type { JournalRow, TopicHead } from '../journal/journal-reader.ts';
import {
  BATCH_BYTES_MAX,
  BATCH_EVENTS_MAX,
  PAGE_BYTES_MAX,
  PAGE_EVENTS_MAX,
  RING_BYTES_MAX,
  RING_EVENTS_MAX,
} from '../limits.ts';
import { encodeRow } from './encoded-event.ts';
import { batchAt, type EventBatch } from './event-batch.ts';
import { EventRing } from './event-ring.ts';
import type { Page } from './page.ts';
import type { ReplayReader } from './replay-reader.ts';

export interface FeedSubscriber {
  /** Everything up to here was written to it. */
  readonly lastSentSeq: bigint;
  /** The tail moved. */
  onAvailable(): void;
  /** The counter row changed in a way that may end the subscription: lineage or owner. */
  onHeadChanged(head: TopicHead): void;
}

export class TopicFeed {
  readonly subscribers = new Set<FeedSubscriber>();
  readonly #replay: ReplayReader;
  readonly #ring = new EventRing(RING_EVENTS_MAX, RING_BYTES_MAX);
  /** What the ring holds, by where its readers stand. */
  readonly #recent = new Map<bigint, EventBatch>();
  #newest: EventBatch | undefined;
  #head: TopicHead;
  #tailSeq: bigint;

  constructor(head: TopicHead, replay: ReplayReader) {
    this.#head = head;
    this.#tailSeq = head.headSeq;
    this.#replay = replay;
  }

  get head(): TopicHead {
    return this.#head;
  }

  /** Everything up to here exists and was durable when it was seen. */
  get tailSeq(): bigint {
    return this.#tailSeq;
  }

  get ringBytes(): number {
    return 2 * this.#ring.bytes;
  }

  cool(): void {
    this.#ring.clear();
    this.#forgetBatches();
  }

  #forgetBatches(): void {
    this.#recent.clear();
    this.#newest = undefined;
  }

  /** Takes newly read rows. Says whether there may be more. */
  extend(rows: readonly JournalRow[]): boolean {
    let bytes = 0;
    this.#forgetBatches();
    for (const row of rows) {
      if (row.seq <= this.#tailSeq) continue;
      const event = encodeRow(row);
      bytes += row.payload.length;
      this.#ring.push(event);
      this.#tailSeq = row.seq;
    }
    for (const subscriber of this.subscribers) subscriber.onAvailable();
    return rows.length >= PAGE_EVENTS_MAX || bytes >= PAGE_BYTES_MAX;
  }

  /** The counter row as the safety poll saw it. Says whether rows wait to be read. */
  observe(head: TopicHead): boolean {
    const before = this.#head;
    this.#head = head;
    const changed =
      before.epoch !== head.epoch ||
      before.ownerUserId !== head.ownerUserId ||
      before.orgId !== head.orgId;
    if (changed) for (const subscriber of [...this.subscribers]) subscriber.onHeadChanged(head);
    if (head.floorSeq > this.#tailSeq) this.#skipTo(head.floorSeq);
    return head.headSeq > this.#tailSeq;
  }

  /** Retention overtook the tail: the rows between are gone, and who waits for them is told so by its next read. */
  #skipTo(floorSeq: bigint): void {
    this.cool();
    this.#tailSeq = floorSeq;
    for (const subscriber of [...this.subscribers]) subscriber.onAvailable();
  }

  /** The counter row as it is now: what a reader is told must not be older than the rows it could not get. */
  async refresh(): Promise<TopicHead> {
    const [head] = await this.#replay.headsById([this.#head.topicId]);
    if (head) this.observe(head);
    return this.#head;
  }

  /** What this feed has in memory from `nextSeq` on, as one frame takes it. */
  recent(nextSeq: bigint): EventBatch | undefined {
    if (nextSeq > this.#tailSeq) return undefined;
    // Nearly everybody stands at the same place.
    if (this.#newest?.firstSeq === nextSeq) return this.#newest;
    const made = this.#recent.get(nextSeq);
    if (made) return made;
    const batch = batchAt(this.#head.topic, this.#ring.from(nextSeq, BATCH_EVENTS_MAX), nextSeq, {
      eventsMax: BATCH_EVENTS_MAX,
      bytesMax: BATCH_BYTES_MAX,
    });
    if (batch) this.#recent.set(nextSeq, batch);
    this.#newest = batch;
    return batch;
  }

  /** A page of the journal that begins with `nextSeq` or holds it. */
  async page(nextSeq: bigint): Promise<Page> {
    return (
      this.#replay.kept(this.#head, nextSeq) ?? (await this.#replay.page(this.#head, nextSeq - 1n))
    );
  }
}
