import type { Sql } from '#db/connect.ts';
import {
  createBaselineTables,
  createRuns,
  installSecondCopy,
  journalAppend,
  lockedAppend,
  plainInsert,
} from './journal/contenders.ts';
import { benchDatabase, benchServer } from './journal/database.ts';
import { type Contender, contender, ratio, runRound, WRITERS } from './journal/rounds.ts';
import { type Measure, median } from './measure.ts';

const TOPICS = 1_000;
const HOT_TOPIC = 0;
/** Every fourth append of the wide load goes to one topic: a shared hot row among a thousand. */
const HOT_SHARE = 4;
const ROUNDS = 7;
const APPENDS_PER_ROUND = 3_000;
/** Commits that wait for each other's row are slow; fewer of them take as long. */
const LOCKED_APPENDS_PER_ROUND = 600;

/** Durable appends against plain inserts and against naive code, in turn on one server, everything synchronous. */
export async function measureJournal(): Promise<Measure[]> {
  await using bench = await benchServer();
  const log = await benchDatabase(bench.server, 'log', WRITERS);
  const copy = await benchDatabase(bench.server, 'copy', WRITERS);
  try {
    await createBaselineTables(log.admin, TOPICS);
    await installSecondCopy(copy.admin);
    const wide = (number: number) => (number % HOT_SHARE === 0 ? HOT_TOPIC : number % TOPICS);
    const hot = () => HOT_TOPIC;
    const append = journalAppend(log.sql, await createRuns(log.sql, TOPICS));
    const appendCopy = journalAppend(copy.sql, await createRuns(copy.sql, TOPICS));
    const contenders = {
      plain: contender(plainInsert(log.sql), wide, APPENDS_PER_ROUND),
      journal: contender(append, wide, APPENDS_PER_ROUND),
      copy: contender(appendCopy, wide, APPENDS_PER_ROUND),
      locked: contender(lockedAppend(log.sql), hot, LOCKED_APPENDS_PER_ROUND),
      hot: contender(append, hot, APPENDS_PER_ROUND),
    };
    for (const one of Object.values(contenders)) await runRound(one, log.admin);
    for (const one of Object.values(contenders)) one.rates.length = one.walBytes.length = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const one of Object.values(contenders)) await runRound(one, log.admin);
    }
    const rounds = ROUNDS + 1;
    await assertRows(log.sql, 'plain', rounds * APPENDS_PER_ROUND);
    await assertRows(log.sql, 'locked', rounds * LOCKED_APPENDS_PER_ROUND);
    await assertDense(log.sql, 2 * rounds * APPENDS_PER_ROUND);
    await assertDense(copy.sql, rounds * APPENDS_PER_ROUND);
    return [...measuresOf(contenders), bytesMeasure(contenders)];
  } finally {
    for (const { sql, admin } of [log, copy]) {
      await sql.end();
      await admin.end();
    }
  }
}

function measuresOf(of: Record<'plain' | 'journal' | 'copy' | 'locked' | 'hot', Contender>) {
  return [
    ratio(
      `durable append, ${WRITERS} writers, ${TOPICS} topics with one hot`,
      of.journal,
      of.plain,
      { baseline: 'plain one-row insert per writer', goal: 0.6, stretch: 0.75 },
    ),
    ratio('the same with a second copy of each event in sync_events', of.copy, of.plain, {
      baseline: 'plain one-row insert per writer',
      goal: 0.6,
      stretch: 0.75,
    }),
    ratio('one hot topic, batched', of.hot, of.locked, {
      baseline: 'row lock + one commit per append',
      goal: 5,
      stretch: 10,
    }),
  ];
}

/** What the choice between log and second copy costs on disk; the goal is that the copy is worth sparing. */
function bytesMeasure(of: Record<'journal' | 'copy', Contender>): Measure {
  return {
    name: 'WAL bytes per append, log as journal, of those with a second copy',
    value: median(of.journal.walBytes) / median(of.copy.walBytes),
    unit: '×',
    better: 'lower',
    goal: 0.75,
    stretch: 0.6,
    baseline: `with a second copy, ${median(of.copy.walBytes).toFixed(0)} bytes (log ${median(of.journal.walBytes).toFixed(0)})`,
    samples: { log_bytes: of.journal.walBytes, copy_bytes: of.copy.walBytes },
  };
}

async function assertRows(sql: Sql, table: string, expected: number): Promise<void> {
  const [row] = await sql<{ rows: bigint }[]>`select count(*) as rows from ${sql(table)}`;
  if (row?.rows !== BigInt(expected)) {
    throw new Error(`${table} holds ${row?.rows} rows, asked for ${expected}`);
  }
}

/** Every row that was asked for is there, each log counts from 1 to its head without a gap. */
async function assertDense(sql: Sql, expected: number): Promise<void> {
  const [row] = await sql<{ rows: bigint; holed: bigint }[]>`
    select sum(e.rows)::int8 as rows,
      count(*) filter (where e.rows <> e.top or e.top <> r.latest_seq) as holed
    from (select run_id, count(*) as rows, max(seq) as top from runtime.run_events group by run_id) e
    join runtime.runs r using (run_id)`;
  if (row?.rows !== BigInt(expected)) {
    throw new Error(`the log holds ${row?.rows} events, asked for ${expected}`);
  }
  if (row.holed !== 0n) throw new Error(`${row.holed} logs have a hole`);
}
