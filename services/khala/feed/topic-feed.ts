/**
 * One topic on this node: what is newest, and pages of what is older, for all its local subscribers.
 *
 * 1. `tailSeq` moves only by rows that were read, never by what a hint said.
 * 2. Readers at one position share one query and one encoded frame.
 */
import type { JournalReader, JournalRow, TopicHead } from '../journal/journal-reader.ts';
import {
  BATCH_EVENTS_MAX,
  PAGE_BYTES_MAX,
  PAGE_EVENTS_MAX,
  RING_BYTES_MAX,
  RING_EVENTS_MAX,
} from '../limits.ts';
import { updatesFrame, type WireFormat } from '../wire/message-frame.ts';
import { type EncodedEvent, encodeRow } from './encoded-event.ts';
import { EventRing } from './event-ring.ts';

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
  readonly #replay: JournalReader;
  readonly #ring = new EventRing(RING_EVENTS_MAX, RING_BYTES_MAX);
  readonly #pages = new Map<bigint, Promise<readonly EncodedEvent[]>>();
  #head: TopicHead;
  #tailSeq: bigint;
  #lastFrame: { firstSeq: bigint; lastSeq: bigint; frame: Buffer } | undefined;

  constructor(head: TopicHead, replay: JournalReader) {
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

  /** Takes newly read rows. Says whether there may be more. */
  extend(rows: readonly JournalRow[]): boolean {
    let bytes = 0;
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
    this.#ring.clear();
    this.#tailSeq = floorSeq;
    for (const subscriber of [...this.subscribers]) subscriber.onAvailable();
  }

  /** The counter row as it is now: what a reader is told must not be older than the rows it could not get. */
  async refresh(): Promise<TopicHead> {
    const [head] = await this.#replay.headsById([this.#head.topicId]);
    if (head) this.observe(head);
    return this.#head;
  }

  /** What this feed has in memory from `seq` on. */
  recent(seq: bigint): readonly EncodedEvent[] {
    return this.#ring.from(seq, BATCH_EVENTS_MAX);
  }

  /** One page after `afterSeq` from the journal; concurrent readers of one position share it. */
  page(afterSeq: bigint): Promise<readonly EncodedEvent[]> {
    const underway = this.#pages.get(afterSeq);
    if (underway) return underway;
    const { topicId, class: topicClass } = this.#head;
    const page = this.#replay
      .readAfter([{ topicId, class: topicClass, afterSeq }], {
        rowsMax: PAGE_EVENTS_MAX,
        bytesMax: PAGE_BYTES_MAX,
      })
      .then((rows) => rows.map(encodeRow))
      .finally(() => this.#pages.delete(afterSeq));
    this.#pages.set(afterSeq, page);
    return page;
  }

  /** The frame of consecutive events; the one last made is shared by everyone who stands where its reader stood. */
  frame(format: WireFormat, events: readonly [EncodedEvent, ...EncodedEvent[]]): Buffer {
    const { topic } = this.#head;
    if (format === 'json') return updatesFrame(format, topic, events);
    const firstSeq = events[0].seq;
    const lastSeq = firstSeq + BigInt(events.length - 1);
    const made = this.#lastFrame;
    if (made && made.firstSeq === firstSeq && made.lastSeq === lastSeq) return made.frame;
    const frame = updatesFrame(format, topic, events);
    this.#lastFrame = { firstSeq, lastSeq, frame };
    return frame;
  }
}
