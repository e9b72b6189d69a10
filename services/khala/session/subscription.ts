/**
 * One topic on one connection: a position, and how it moves.
 *
 * 1. Only `seq == next` is written; lower is dropped, higher is not a successor and makes the range be read again.
 * 2. A range that cannot supply `next` is stale: the reader is told, never skipped ahead.
 * 3. It holds at most one page, and asks for the next one only when the outbox took this one.
 */
import type { StaleReason } from '#proto/gen/types.ts';
import type { EncodedEvent } from '../feed/encoded-event.ts';
import type { FeedSubscriber, TopicFeed } from '../feed/topic-feed.ts';
import type { TopicHead } from '../journal/journal-reader.ts';
import { BATCH_BYTES_MAX, BATCH_EVENTS_MAX, READ_RETRY_MS } from '../limits.ts';

export type Batch = readonly [EncodedEvent, ...EncodedEvent[]];

export interface SubscriptionHost {
  /** There may be something to take. */
  onReady(subscription: Subscription): void;
  onStale(subscription: Subscription, head: TopicHead, reason: StaleReason): void;
  onHeadChanged(subscription: Subscription, head: TopicHead): void;
  onReadFault(error: unknown): void;
}

export class Subscription implements FeedSubscriber {
  readonly topic: string;
  readonly epoch: string;
  readonly #host: SubscriptionHost;
  /** CAUGHT_UP is due when everything up to here is written. */
  readonly #targetSeq: bigint;
  #feed: TopicFeed | undefined;
  #nextSeq: bigint;
  #page: readonly EncodedEvent[] = [];
  #loading = false;
  #caughtUp = false;
  #ended = false;

  constructor(head: TopicHead, nextSeq: bigint, host: SubscriptionHost) {
    this.topic = head.topic;
    this.epoch = head.epoch;
    this.#targetSeq = head.headSeq;
    this.#nextSeq = nextSeq;
    this.#host = host;
  }

  attach(feed: TopicFeed): void {
    this.#feed = feed;
  }

  get feed(): TopicFeed | undefined {
    return this.#feed;
  }

  get lastSentSeq(): bigint {
    return this.#nextSeq - 1n;
  }

  get live(): boolean {
    return this.#caughtUp;
  }

  end(): void {
    this.#ended = true;
    this.#page = [];
  }

  /** The next events to write, which thereby count as written; nothing while none is at hand. */
  take(): Batch | undefined {
    const feed = this.#feed;
    if (!feed || this.#ended) return undefined;
    const ofPage = this.#successors(this.#page);
    if (!ofPage) this.#page = [];
    const batch = ofPage ?? this.#successors(feed.recent(this.#nextSeq));
    if (batch) {
      this.#nextSeq = batch[0].seq + BigInt(batch.length);
      return batch;
    }
    if (this.#nextSeq <= feed.tailSeq) void this.#load(feed);
    return undefined;
  }

  /** True once, when what was there at the subscription has been written. */
  takeCaughtUp(): boolean {
    if (this.#caughtUp || this.#nextSeq <= this.#targetSeq) return false;
    this.#caughtUp = true;
    return true;
  }

  onAvailable(): void {
    this.#host.onReady(this);
  }

  onHeadChanged(head: TopicHead): void {
    this.#host.onHeadChanged(this, head);
  }

  #successors(events: readonly EncodedEvent[]): Batch | undefined {
    const batch: EncodedEvent[] = [];
    let bytes = 0;
    let expected = this.#nextSeq;
    for (const event of events) {
      if (event.seq < expected) continue;
      if (event.seq !== expected || batch.length === BATCH_EVENTS_MAX) break;
      bytes += event.update.length;
      if (bytes > BATCH_BYTES_MAX && batch.length > 0) break;
      batch.push(event);
      expected += 1n;
    }
    const [first, ...rest] = batch;
    return first && [first, ...rest];
  }

  async #load(feed: TopicFeed): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    const afterSeq = this.#nextSeq - 1n;
    try {
      const page = await feed.page(afterSeq);
      if (this.#ended) return;
      if (page[0]?.seq !== this.#nextSeq) {
        const head = await feed.refresh();
        // The refresh may have found more: a new lineage, another owner.
        if (!this.#ended) this.#host.onStale(this, head, staleReason(head, this.#nextSeq));
        return;
      }
      this.#page = page;
    } catch (error) {
      this.#host.onReadFault(error);
      await new Promise((resolve) => setTimeout(resolve, READ_RETRY_MS));
    } finally {
      this.#loading = false;
    }
    if (!this.#ended) this.#host.onReady(this);
  }
}

function staleReason(head: TopicHead, nextSeq: bigint): StaleReason {
  return head.snapshotSeq >= head.floorSeq && head.snapshotSeq >= nextSeq
    ? 'compacted'
    : 'retention_expired';
}
