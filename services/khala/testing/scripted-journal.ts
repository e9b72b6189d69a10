import type { JournalReader, JournalRow, TopicHead } from '../journal/journal-reader.ts';

export const SCRIPTED_HEAD: TopicHead = {
  topicId: 1n,
  topic: 'run:run_01h455vb4pex5vsknk084sn02q:events',
  class: 'run_events',
  ownerUserId: 'user',
  orgId: null,
  epoch: 'e1',
  headSeq: 0n,
  floorSeq: 0n,
  snapshotSeq: 0n,
};

export function rowAt(seq: number, topicId = SCRIPTED_HEAD.topicId): JournalRow {
  return {
    topicId,
    seq: BigInt(seq),
    kind: 'text.delta',
    payload: Buffer.from('{}'),
    payloadSha256: Buffer.alloc(32),
    eventHash: null,
    docKey: null,
    docVersion: null,
    recordedAtMs: 0,
  };
}

/** A journal that answers what Postgres never would: holes, repetitions, disorder. `page` says what follows a seq. */
export function scriptedJournal(
  page: (afterSeq: number) => number[],
  head: () => TopicHead = () => SCRIPTED_HEAD,
): JournalReader & { reads: number } {
  const journal = {
    reads: 0,
    headsByTopic: async () => [head()],
    headsById: async () => [head()],
    async readAfter(positions: readonly { afterSeq: bigint }[]) {
      journal.reads += 1;
      return positions.flatMap(({ afterSeq }) => page(Number(afterSeq)).map((seq) => rowAt(seq)));
    },
  };
  return journal;
}
