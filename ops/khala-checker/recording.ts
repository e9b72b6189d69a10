import type { Watermark } from '#clients/khala/watermark-store.ts';

/** What one client did for one topic, in the order in which it did it. Times are this machine's clock. */
export type Entry =
  /** A socket is being opened: the SUBSCRIBE of this topic is sent later than this. */
  | { type: 'connecting'; atMs: number; node: string }
  | {
      type: 'applied';
      topic: string;
      epoch: string;
      seq: bigint;
      /** As the frame names it, and as its payload has it: hex without prefix. */
      claimedSha256: string;
      contentSha256: string;
      atMs: number;
      node: string;
    }
  | { type: 'caught_up'; epoch: string; seq: bigint }
  /** SNAPSHOT_REQUIRED, and where the reader went on after it. */
  | { type: 'stale'; reason: string; goesOnAt: Watermark | undefined };

export type LifeEnding =
  /** In order: the store has everything that was applied. */
  | 'closed'
  /** The process is gone: the store may lag behind. */
  | 'crashed'
  /** The workload ended, every line is whole, and the reader was given time to reach the head. */
  | 'completed'
  /** The node refused the topic. */
  | 'refused'
  /** The subscription ended for another reason, or the reader never reached the head. */
  | 'failed';

/** One topic in one life of one client. */
export interface TopicRecord {
  reader: string;
  /** From 1; lives of a reader follow each other and share its store. */
  life: number;
  topic: string;
  /** Whether control granted the topic to this reader, who also owns it. */
  granted: boolean;
  /** `stored` goes on where the store of the reader says; the others ignore it. */
  from: 'stored' | 'beginning' | 'bootstrap' | 'cursor';
  begunAt: Watermark | undefined;
  entries: Entry[];
  ending: LifeEnding;
  /** Why it ended, where that is no ordinary end. */
  reason: string;
}

export function deliveriesOf(records: readonly TopicRecord[]): number {
  let deliveries = 0;
  for (const { entries } of records) {
    for (const { type } of entries) deliveries += type === 'applied' ? 1 : 0;
  }
  return deliveries;
}

/** How often the topic went on at another node. */
export function movesOf(entries: readonly Entry[]): number {
  const nodes = entries.flatMap((entry) => (entry.type === 'connecting' ? [entry.node] : []));
  return nodes.filter((node, index) => index > 0 && node !== nodes[index - 1]).length;
}

/** How often readers were told that the journal cannot continue from where they stand, by reason. */
export function staleReasonsOf(records: readonly TopicRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const entry of records.flatMap(({ entries }) => entries)) {
    if (entry.type === 'stale') counts[entry.reason] = (counts[entry.reason] ?? 0) + 1;
  }
  return counts;
}
