/**
 * Compares the rows of a sample of topics with their counters, so that a journal which lost or doubled a row is known before
 * a reader finds out. The walk goes on where the last pass ended and begins again at the end.
 */
import type { Sql } from '#db/connect.ts';
import { type Drift, findJournalDrift } from '#db/runtime/sync-drift.ts';
import { topicsAfter } from '#db/runtime/sync-read.ts';

/** One statement over their rows; together with the bound on rows, a second of one connection. */
const TOPICS_MAX = 200;
const ROWS_MAX = 50_000n;

export interface JournalAuditorDeps {
  sql: Sql;
  onChecked(topics: number): void;
  onDrift(drift: Drift): void;
}

export function createJournalAuditor({ sql, onChecked, onDrift }: JournalAuditorDeps): {
  sweep(): Promise<void>;
} {
  let after = 0n;
  return {
    async sweep() {
      const { upTo, topics } = await nextPart(sql, after);
      for (const drift of await findJournalDrift(sql, { ids: { after, upTo } })) onDrift(drift);
      onChecked(topics);
      after = topics === 0 ? 0n : upTo;
    },
  };
}

/** As many topics as have so many retained rows together; a longer one stands alone. */
async function nextPart(sql: Sql, after: bigint): Promise<{ upTo: bigint; topics: number }> {
  const heads = await topicsAfter(sql, after, TOPICS_MAX);
  let rows = 0n;
  const end = heads.findIndex(({ headSeq, floorSeq }, index) => {
    rows += headSeq - floorSeq;
    return index > 0 && rows > ROWS_MAX;
  });
  const part = end === -1 ? heads : heads.slice(0, end);
  return { upTo: part.at(-1)?.topicId ?? after, topics: part.length };
}
