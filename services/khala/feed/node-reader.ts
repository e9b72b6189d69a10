/**
 * Reads what is new for every topic that someone on this node follows.
 *
 * 1. One query for all dirty topics, one at a time: a thousand hints during a read cost one more read.
 * 2. Hints only say when to look. The safety poll of heads looks anyway, so a dead driver costs time and nothing else.
 */
import type { FaultPoints } from '#proto/fault-points.ts';
import type { Hint } from '../hints/hint-source.ts';
import type { JournalReader, JournalRow, TopicHead } from '../journal/journal-reader.ts';
import {
  DIRTY_TOPICS_MAX,
  PAGE_BYTES_MAX,
  PAGE_EVENTS_MAX,
  READ_RETRY_MS,
  RINGS_BYTES_MAX,
} from '../limits.ts';
import type { ReplayReader } from './replay-reader.ts';
import { RingBudget } from './ring-budget.ts';
import { type FeedSubscriber, TopicFeed } from './topic-feed.ts';

export interface NodeReaderOptions {
  live: JournalReader;
  replay: ReplayReader;
  safetyPollMs: number;
  onWakeUp(by: 'hint' | 'poll', topics: number): void;
  /** Limited: more topics had moved than one read takes. Throttled: the one before was still under way. */
  onPoll?(outcome: 'done' | 'limited' | 'throttled'): void;
  /** A topic had more than one page; the others have their turn first. */
  onPageFilled?(): void;
  onReadFault(error: unknown): void;
  /** `read`: rows are here, and no client has them. */
  faults?: FaultPoints | undefined;
}

export class NodeReader {
  readonly #options: NodeReaderOptions;
  readonly #feeds = new Map<bigint, TopicFeed>();
  readonly #dirty = new Set<TopicFeed>();
  readonly #rings = new RingBudget(RINGS_BYTES_MAX);
  #reading = false;
  #polling = false;
  #pollAgain = false;
  #stopped = false;
  #pollTimer: NodeJS.Timeout | undefined;

  constructor(options: NodeReaderOptions) {
    this.#options = options;
  }

  start(): void {
    this.#schedulePoll();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#pollTimer);
  }

  get topics(): number {
    return this.#feeds.size;
  }

  /** What is followed here. */
  feeds(): IterableIterator<TopicFeed> {
    return this.#feeds.values();
  }

  follow(head: TopicHead, subscriber: FeedSubscriber): TopicFeed {
    const known = this.#feeds.get(head.topicId);
    let feed = known;
    if (known && known.head.epoch !== head.epoch) {
      // Another lineage: what the feed holds has the same numbers and other events. Its subscribers are told, and leave.
      known.observe(head);
      this.#forget(known);
      feed = undefined;
    }
    if (!feed) {
      feed = new TopicFeed(head, this.#options.replay);
      this.#feeds.set(head.topicId, feed);
      // A hint between the read of the head and this line found no interest here.
      this.#markDirty(feed);
    } else if (feed.observe(head)) {
      this.#markDirty(feed);
    }
    feed.subscribers.add(subscriber);
    return feed;
  }

  leave(feed: TopicFeed, subscriber: FeedSubscriber): void {
    feed.subscribers.delete(subscriber);
    if (feed.subscribers.size === 0) this.#forget(feed);
  }

  #forget(feed: TopicFeed): void {
    if (this.#feeds.get(feed.head.topicId) === feed) this.#feeds.delete(feed.head.topicId);
    this.#dirty.delete(feed);
    this.#rings.remove(feed);
  }

  onHints(hints: readonly Hint[]): void {
    let woken = 0;
    for (const { topic_id, head_seq } of hints) {
      const feed = this.#feeds.get(topic_id);
      if (!feed || head_seq <= feed.tailSeq) continue;
      woken += 1;
      this.#markDirty(feed);
    }
    if (woken > 0) this.#options.onWakeUp('hint', woken);
  }

  /** Looks at the heads of all topics of interest now: after messages may have been missed, and every so often. */
  async poll(): Promise<void> {
    // The one under way may have looked before whatever this one is asked for.
    this.#pollAgain = this.#polling;
    if (this.#polling) this.#options.onPoll?.('throttled');
    if (this.#polling || this.#stopped || this.#feeds.size === 0) return;
    this.#polling = true;
    try {
      let woken = 0;
      for (const head of await this.#options.live.headsById([...this.#feeds.keys()])) {
        const feed = this.#feeds.get(head.topicId);
        if (!feed?.observe(head)) continue;
        woken += 1;
        this.#markDirty(feed);
      }
      this.#options.onPoll?.(woken > DIRTY_TOPICS_MAX ? 'limited' : 'done');
      if (woken > 0) this.#options.onWakeUp('poll', woken);
    } catch (error) {
      this.#options.onReadFault(error);
    } finally {
      this.#polling = false;
    }
    if (this.#pollAgain) await this.poll();
  }

  /** Looks at one topic now. @throws where the database does not answer. */
  async look(feed: TopicFeed): Promise<TopicHead> {
    const [head] = await this.#options.live.headsById([feed.head.topicId]);
    if (!head) throw new Error('a topic that is followed has lost its row');
    if (feed.observe(head)) this.#markDirty(feed);
    return head;
  }

  #schedulePoll(): void {
    if (this.#stopped) return;
    this.#pollTimer = setTimeout(async () => {
      await this.poll();
      this.#schedulePoll();
    }, this.#options.safetyPollMs);
  }

  #markDirty(feed: TopicFeed): void {
    this.#dirty.add(feed);
    if (!this.#reading) void this.#read();
  }

  async #read(): Promise<void> {
    this.#reading = true;
    try {
      while (this.#dirty.size > 0 && !this.#stopped) {
        const feeds = [...this.#dirty].slice(0, DIRTY_TOPICS_MAX);
        // Cleared first: a hint during the query asks for another one.
        for (const feed of feeds) this.#dirty.delete(feed);
        try {
          await this.#readOnce(feeds);
        } catch (error) {
          this.#options.onReadFault(error);
          for (const feed of feeds) {
            if (this.#feeds.get(feed.head.topicId) === feed) this.#dirty.add(feed);
          }
          await new Promise((resolve) => setTimeout(resolve, READ_RETRY_MS));
        }
      }
    } finally {
      this.#reading = false;
    }
  }

  async #readOnce(feeds: readonly TopicFeed[]): Promise<void> {
    const positions = feeds.map(({ head, tailSeq }) => ({
      topicId: head.topicId,
      class: head.class,
      afterSeq: tailSeq,
    }));
    const rows = await this.#options.live.readAfter(positions, {
      rowsMax: PAGE_EVENTS_MAX,
      bytesMax: PAGE_BYTES_MAX,
    });
    if (rows.length > 0) this.#options.faults?.reach('read');
    const rowsOf = Map.groupBy(rows, ({ topicId }: JournalRow) => topicId);
    for (const feed of feeds) {
      const found = rowsOf.get(feed.head.topicId);
      if (!found) continue;
      const mayHaveMore = feed.extend(found);
      if (this.#feeds.get(feed.head.topicId) !== feed) continue;
      this.#rings.grew(feed);
      if (!mayHaveMore) continue;
      this.#options.onPageFilled?.();
      this.#dirty.add(feed);
    }
  }
}
