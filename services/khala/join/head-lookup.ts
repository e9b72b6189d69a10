/** Counter rows for joins. Whoever joins alone is answered at once; in a storm many sessions share one query. */
import type { JournalReader, TopicHead } from '../journal/journal-reader.ts';
import {
  LOOKUPS_AT_EASE_MAX,
  LOOKUPS_IN_A_STORM_MS,
  READ_RETRY_MS,
  TOPICS_PER_LOOKUP_MAX,
} from '../limits.ts';

interface Asked {
  topics: readonly string[];
  wanted(): boolean;
  answer(heads: TopicHead[]): void;
}

export interface HeadLookup {
  /** Rows of those topics that have one. Waits through an outage of the database, as long as it is `wanted`. */
  heads(topics: readonly string[], wanted: () => boolean): Promise<TopicHead[]>;
}

export function createHeadLookup(
  journal: Pick<JournalReader, 'headsByTopic'>,
  onReadFault: (fault: unknown) => void,
): HeadLookup {
  const asked: Asked[] = [];
  let looking = false;
  let lookups = LOOKUPS_AT_EASE_MAX;
  let refilledAtMs = performance.now();

  async function whenDue(): Promise<void> {
    const refill = (performance.now() - refilledAtMs) / LOOKUPS_IN_A_STORM_MS;
    lookups = Math.min(LOOKUPS_AT_EASE_MAX, lookups + refill);
    refilledAtMs = performance.now();
    if (lookups < 1) {
      await delay((1 - lookups) * LOOKUPS_IN_A_STORM_MS);
      lookups = 1;
      refilledAtMs = performance.now();
    }
    lookups -= 1;
  }

  function take(): Asked[] {
    let topics = 0;
    const end = asked.findIndex((one) => {
      topics += one.topics.length;
      return topics > TOPICS_PER_LOOKUP_MAX;
    });
    return asked.splice(0, end === -1 ? asked.length : Math.max(end, 1));
  }

  async function look(): Promise<void> {
    looking = true;
    while (asked.length > 0) {
      await whenDue();
      await answer(take());
    }
    looking = false;
  }

  async function answer(taken: readonly Asked[]): Promise<void> {
    try {
      const topics = [...new Set(taken.flatMap((one) => one.topics))];
      const heads = await journal.headsByTopic(topics);
      const headOf = new Map(heads.map((head) => [head.topic, head]));
      for (const one of taken) one.answer(one.topics.flatMap((topic) => headOf.get(topic) ?? []));
    } catch (fault) {
      onReadFault(fault);
      await delay(READ_RETRY_MS);
      for (const one of taken) {
        if (one.wanted()) asked.push(one);
        else one.answer([]);
      }
    }
  }

  return {
    async heads(topics, wanted) {
      if (topics.length === 0) return [];
      return new Promise((resolve) => {
        asked.push({ topics, wanted, answer: resolve });
        if (!looking) void look();
      });
    },
  };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
