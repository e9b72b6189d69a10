import type { Sql } from '#db/connect.ts';
import {
  createBaselineTables,
  createRuns,
  installNotify,
  journalAppend,
  lockedAppend,
  notifyingAppend,
} from '../journal/contenders.ts';
import { benchDatabase, benchServer } from '../journal/database.ts';
import { contender, ratio, runRound, WRITERS } from '../journal/rounds.ts';
import { type Measure, median } from '../measure.ts';
import { sized } from './sizes.ts';

/** Enough that two writers seldom meet at one row: what is left between them is the lock that NOTIFY takes. */
const TOPICS = 1_000;
const ROUNDS = sized(7, 1);
/** Some hundred commits a second on a slow disk are the worst that NOTIFY leaves. */
const APPENDS_PER_ROUND = sized(1_500, 200);

/**
 * A row, its topic's counter and the hint. Ours gathers rows and hints after the commit; the first form that one writes
 * has a transaction for each append and NOTIFY inside it. The same without NOTIFY is beside them, as is the journal's
 * own batch with NOTIFY inside, which says how much of it the gathering alone explains.
 */
export async function measureNotify(): Promise<Measure[]> {
  await using bench = await benchServer();
  const plain = await benchDatabase(bench.server, 'plain', WRITERS);
  const inside = await benchDatabase(bench.server, 'inside', WRITERS);
  try {
    await createBaselineTables(plain.admin, TOPICS);
    await installNotify(inside.admin);
    const wide = (number: number) => number % TOPICS;
    const of = {
      journal: contender(
        journalAppend(plain.sql, await createRuns(plain.sql, TOPICS)),
        wide,
        APPENDS_PER_ROUND,
      ),
      inside: contender(
        journalAppend(inside.sql, await createRuns(inside.sql, TOPICS)),
        wide,
        APPENDS_PER_ROUND,
      ),
      silent: contender(lockedAppend(plain.sql), wide, APPENDS_PER_ROUND),
      notifying: contender(notifyingAppend(plain.sql), wide, APPENDS_PER_ROUND),
    };
    for (const one of Object.values(of)) await runRound(one, plain.admin);
    for (const one of Object.values(of)) one.rates.length = one.walBytes.length = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const one of Object.values(of)) await runRound(one, plain.admin);
    }
    await assertAppended(plain.sql, 2 * (ROUNDS + 1) * APPENDS_PER_ROUND);
    const rate = ({ rates }: { rates: number[] }) => `${median(rates).toFixed(0)}/s`;
    return [
      ratio('append, over one with NOTIFY inside its transaction', of.journal, of.notifying, {
        baseline: `row, counter and NOTIFY in one transaction for each append; without NOTIFY ${rate(of.silent)}; the journal's batches with NOTIFY inside ${rate(of.inside)}; with NOTIFY`,
        goal: 3,
        stretch: 8,
      }),
    ];
  } finally {
    for (const { sql, admin } of [plain, inside]) {
      await sql.end();
      await admin.end();
    }
  }
}

async function assertAppended(sql: Sql, expected: number): Promise<void> {
  const [row] = await sql<{ rows: bigint; holed: bigint }[]>`
    select sum(t.rows)::int8 as rows, count(*) filter (where t.rows <> t.top or t.top <> c.head) as holed
    from (select topic, count(*) as rows, max(seq) as top from locked group by topic) t
    join counters c using (topic)`;
  if (row?.rows !== BigInt(expected) || row.holed !== 0n) {
    throw new Error(`${row?.rows} rows, ${row?.holed} topics with holes; asked for ${expected}`);
  }
}
