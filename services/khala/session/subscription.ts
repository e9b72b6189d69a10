/**
 * One topic on one connection: a position, and how it moves.
 *
 * 1. Only `seq == next` is written; lower is dropped, higher is not a successor and makes the range be read again.
 * 2. A range that cannot supply `next` is stale: the reader is told, never skipped ahead.
 * 3. It holds at most one page, and asks for the next one only when the outbox took this one.
 */
import type { StaleReason } from '#proto/gen/types.ts';
import type { EventBatch } from '../feed/event-batch.ts';
import type { Page } from '../feed/page.ts';
import type { FeedSubscriber, TopicFeed } from '../feed/topic-feed.ts';
import type { TopicHead } from '../journal/journal-reader.ts';
import { READ_RETRY_MS } from '../limits.ts';

export interface SubscriptionHost {
  /** There may be something to take. */
  onReady(subscription: Subscription): void;
  /** It has to read what is older than the tail: answer with `readPage` when it may. */
  onWantsPage(subscription: Subscription): void;
  /** The page is read to its end, or was forgotten. */
  onPageDone(subscription: Subscription): void;
  onStale(subscription: Subscription, head: TopicHead, reason: StaleReason): void;
  onHeadChanged(subscription: Subscription, head: TopicHead): void;
  onReadFault(error: unknown): void;
}

export class Subscription implements FeedSubscriber {
  readonly topic: string;
  readonly epoch: string;
  /** Of its connection's delivery: it waits for its turn, and what it wrote beyond its turns. */
  isQueued = false;
  owedBytes = 0;
  readonly beganAtMs = performance.now();
  readonly #host: SubscriptionHost;
  /** CAUGHT_UP is due when everything up to here is written. */
  readonly #targetSeq: bigint;
  #feed: TopicFeed | undefined;
  #nextSeq: bigint;
  #page: Page | undefined;
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

  /** There is something to take, or to be read first. */
  get hasNext(): boolean {
    return this.#feed !== undefined && this.#nextSeq <= this.#feed.tailSeq;
  }

  get live(): boolean {
    return this.#caughtUp;
  }

  end(): void {
    this.#ended = true;
    this.#page = undefined;
  }

  /** The next events to write, which thereby count as written; nothing while none is at hand. */
  take(): EventBatch | undefined {
    const feed = this.#feed;
    if (!feed || this.#ended) return undefined;
    const batch = this.#page?.batchAt(this.#nextSeq) ?? feed.recent(this.#nextSeq);
    if (batch) this.#nextSeq = batch.nextSeq;
    // Others of this connection wait for its place.
    if (this.#page && !this.#page.holds(this.#nextSeq)) this.forgetPage();
    if (!batch && !this.#loading && this.hasNext) this.#host.onWantsPage(this);
    return batch;
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

  forgetPage(): void {
    if (!this.#page) return;
    this.#page = undefined;
    this.#host.onPageDone(this);
  }

  async readPage(): Promise<void> {
    const feed = this.#feed;
    if (!feed || this.#loading) return;
    this.#loading = true;
    try {
      const page = await feed.page(this.#nextSeq);
      if (this.#ended) return;
      if (page.holds(this.#nextSeq)) {
        this.#page = page;
      } else {
        const head = await feed.refresh();
        // The refresh may have found more: a new lineage, another owner.
        if (!this.#ended) this.#host.onStale(this, head, staleReason(head, this.#nextSeq));
        return;
      }
    } catch (error) {
      this.#host.onReadFault(error);
      await new Promise((resolve) => setTimeout(resolve, READ_RETRY_MS));
      this.#host.onPageDone(this);
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
