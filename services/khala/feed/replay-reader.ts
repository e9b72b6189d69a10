/**
 * Reads what is older than the tails, for all topics of a node.
 *
 * 1. Readers at one position share one page and one query, also those who come shortly after.
 * 2. Pages that are waited for are read together, in the order in which they were asked for.
 * 3. What is kept is bounded by bytes; who comes too late for it reads again.
 */
import type { JournalReader, ReadPosition, TopicHead } from '../journal/journal-reader.ts';
import {
  PAGE_BYTES_MAX,
  PAGE_EVENTS_MAX,
  PAGES_KEPT_BYTES_MAX,
  PAGES_PER_READ_MAX,
  REPLAY_READS_MAX,
} from '../limits.ts';
import { encodeRow } from './encoded-event.ts';
import { Page } from './page.ts';

interface Wanted {
  key: string;
  topic: string;
  position: ReadPosition;
  page: PromiseWithResolvers<Page>;
}

export class ReplayReader {
  readonly #journal: JournalReader;
  /** Waited for and under way, by topic and position. */
  readonly #wanted = new Map<string, Wanted>();
  readonly #waiting: Wanted[] = [];
  /** Least recently used first. */
  readonly #kept = new Map<Page, string>();
  readonly #keptOf = new Map<string, Set<Page>>();
  #keptBytes = 0;
  #reads = 0;
  #scheduled = false;

  constructor(journal: JournalReader) {
    this.#journal = journal;
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  headsById(topicIds: readonly bigint[]): Promise<TopicHead[]> {
    return this.#journal.headsById(topicIds);
  }

  /** A page that holds `nextSeq`, if one is at hand. */
  kept(head: TopicHead, nextSeq: bigint): Page | undefined {
    for (const page of this.#keptOf.get(lineageOf(head)) ?? []) {
      if (!page.holds(nextSeq)) continue;
      this.#touch(page);
      return page;
    }
    return undefined;
  }

  /** The page that begins after `afterSeq`. */
  page(head: TopicHead, afterSeq: bigint): Promise<Page> {
    const key = `${lineageOf(head)}:${afterSeq}`;
    const known = this.#wanted.get(key);
    if (known) return known.page.promise;
    const wanted: Wanted = {
      key,
      topic: head.topic,
      position: { topicId: head.topicId, class: head.class, afterSeq },
      page: Promise.withResolvers(),
    };
    this.#wanted.set(key, wanted);
    this.#waiting.push(wanted);
    this.#schedule();
    return wanted.page.promise.then((page) => {
      if (page.firstSeq === afterSeq + 1n) this.#keep(page, lineageOf(head));
      return page;
    });
  }

  /** Behind whatever else asks in this turn: one query for all of it. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      while (this.#reads < REPLAY_READS_MAX && this.#waiting.length > 0) void this.#read();
    });
  }

  async #read(): Promise<void> {
    this.#reads += 1;
    const taken = this.#take();
    try {
      const rows = await this.#journal.readAfter(
        taken.map(({ position }) => position),
        { rowsMax: PAGE_EVENTS_MAX, bytesMax: PAGE_BYTES_MAX },
      );
      const rowsOf = Map.groupBy(rows, ({ topicId }) => topicId);
      for (const wanted of taken) {
        this.#wanted.delete(wanted.key);
        const found = rowsOf.get(wanted.position.topicId) ?? [];
        wanted.page.resolve(new Page(wanted.topic, found.map(encodeRow)));
      }
    } catch (error) {
      for (const wanted of taken) {
        this.#wanted.delete(wanted.key);
        wanted.page.reject(error);
      }
    } finally {
      this.#reads -= 1;
      this.#schedule();
    }
  }

  /** The first that wait, each topic once: of two ranges of one topic nobody could tell the rows apart. */
  #take(): Wanted[] {
    const taken = new Map<bigint, Wanted>();
    const left: Wanted[] = [];
    for (const wanted of this.#waiting) {
      const { topicId } = wanted.position;
      if (taken.size < PAGES_PER_READ_MAX && !taken.has(topicId)) taken.set(topicId, wanted);
      else left.push(wanted);
    }
    this.#waiting.splice(0, this.#waiting.length, ...left);
    return [...taken.values()];
  }

  #keep(page: Page, lineage: string): void {
    if (this.#kept.has(page)) return;
    this.#kept.set(page, lineage);
    const pages = this.#keptOf.get(lineage) ?? new Set();
    this.#keptOf.set(lineage, pages.add(page));
    this.#keptBytes += page.bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#keptBytes <= PAGES_KEPT_BYTES_MAX) break;
      this.#drop(oldest);
    }
  }

  #touch(page: Page): void {
    const lineage = this.#kept.get(page);
    if (lineage === undefined) return;
    this.#kept.delete(page);
    this.#kept.set(page, lineage);
  }

  #drop(page: Page): void {
    const lineage = this.#kept.get(page) ?? '';
    this.#kept.delete(page);
    this.#keptBytes -= page.bytes;
    const pages = this.#keptOf.get(lineage);
    pages?.delete(page);
    if (pages?.size === 0) this.#keptOf.delete(lineage);
  }
}

/** Seqs mean the same event only within one epoch. */
function lineageOf({ topicId, epoch }: TopicHead): string {
  return `${topicId}:${epoch}`;
}
