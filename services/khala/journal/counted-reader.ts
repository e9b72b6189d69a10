import type { JournalReader, ReadPosition } from './journal-reader.ts';

/** What a read was for. */
export type ReadKind = 'joins' | 'polls' | 'tails' | 'pages' | 'refreshes';

/** Counts the statements of a reader, each under the name that its connection gives to that kind of read. */
export function countReads(
  reader: JournalReader,
  kinds: { byTopic: ReadKind; byId: ReadKind; rows: ReadKind },
  record: (kind: ReadKind, statements: number) => void,
): JournalReader {
  return {
    headsByTopic(topics) {
      record(kinds.byTopic, 1);
      return reader.headsByTopic(topics);
    },
    headsById(topicIds) {
      record(kinds.byId, 1);
      return reader.headsById(topicIds);
    },
    readAfter(positions, bounds) {
      record(kinds.rows, classesOf(positions));
      return reader.readAfter(positions, bounds);
    },
  };
}

/** One statement for each. */
function classesOf(positions: readonly ReadPosition[]): number {
  return new Set(positions.map((at) => at.class)).size;
}
