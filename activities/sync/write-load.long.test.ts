/**
 * Days of writing in a minute: the server's clock runs 21,600 times as fast, everything else is what production runs. Shows
 * that partitions, the journal's size and dead counter rows stay bounded while retention follows the writers.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { connect, type Sql } from '#db/connect.ts';
import { createJournal } from '#db/runtime/journal.ts';
import type { PublishDraft } from '#db/runtime/publish.ts';
import { findJournalDrift } from '#db/runtime/sync-drift.ts';
import { createPastPartition } from '#db/testing/aged-rows.ts';
import { testDatabase } from '#db/testing/database.ts';
import { createFastClock, FAST_CLOCK_SETTINGS } from '#db/testing/fast-clock.ts';
import { transaction } from '#db/transaction.ts';
import { newId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import { createDropPartitions } from './drop-partitions.ts';
import { createRetainTopics } from './retain-topics.ts';
import { createSweepJournal } from './sweep-journal.ts';

const DAYS = 12;
const DAY_MS = 4_000;
const REAL_DAY_MS = 86_400_000;
const RETENTION_DAYS = 3;
const CLASSES = ['codex_worker_events', 'run_summaries'] as const;
const TOPICS_PER_CLASS = 100;
const ROWS_PER_BATCH = 50;
/** Fast enough that each topic is written to in each day, slow enough that two cores keep up. */
const BATCH_EVERY_MS = 25;
const PAYLOAD = { text: 'x'.repeat(300) };
/** The days that are kept, today, and the one whose rows are just going. */
const PARTITIONS_MAX = RETENTION_DAYS + 3;
const HOT_SHARE_MIN = 0.9;
const GROWTH_MAX = 1.5;
/** 200 rows at half a page each, with room for what is not pruned yet. */
const TOPICS_BYTES_MAX = 1_048_576;

function drafts(): PublishDraft[] {
  return CLASSES.flatMap((topicClass) =>
    Array.from({ length: TOPICS_PER_CLASS }, (): PublishDraft => {
      const user_id = newId('user');
      const topic =
        topicClass === 'run_summaries'
          ? topics.userRuns(user_id)
          : topics.workerEvents(newId('worker'));
      return { topic, class: topicClass, owner: { user_id }, kind: 'test', payload: PAYLOAD };
    }),
  );
}

interface Measure {
  day: number;
  days_kept: number;
  rows: number;
  journal_bytes: number;
  topics_bytes: number;
  topics_dead: number;
  hot_share: number;
}

async function measure(owner: Sql, day: number): Promise<Measure> {
  const [row] = await owner<Omit<Measure, 'day'>[]>`
    with leaf as (
      select c.oid, c.relname from pg_inherits root join pg_inherits i on i.inhparent = root.inhrelid
      join pg_class c on c.oid = i.inhrelid where root.inhparent = 'runtime.sync_events'::regclass
    )
    select (select max(days)::int4 from (
        select count(*) as days from leaf
        where relname ~ '(codex_worker_events|run_summaries)_[0-9]{8}$' and pg_relation_size(oid) > 0
        group by left(relname, -9)) n) as days_kept,
      (select count(*)::int4 from runtime.sync_events) as rows,
      (select sum(pg_total_relation_size(oid))::float8 from leaf) as journal_bytes,
      pg_total_relation_size('runtime.sync_topics')::float8 as topics_bytes,
      (select n_dead_tup::int4 from pg_stat_user_tables where relid = 'runtime.sync_topics'::regclass) as topics_dead,
      (select n_tup_hot_upd::float8 / greatest(1, n_tup_upd) from pg_stat_user_tables
        where relid = 'runtime.sync_topics'::regclass) as hot_share`;
  if (!row) throw new Error('a select of one row has one');
  return { day, ...row };
}

test('days of writing leave a journal of bounded size', { timeout: 300_000 }, async ({
  annotate,
}) => {
  await using database = await testDatabase(['runtime']);
  const { owner } = database;
  const startMs = Date.now();
  for (const topicClass of CLASSES) {
    for (let day = 1; day <= DAYS; day += 1) {
      const at = new Date(startMs - day * REAL_DAY_MS).toISOString().slice(0, 10);
      await createPastPartition(owner, topicClass, at);
    }
  }
  await createFastClock(owner, { startDaysAgo: DAYS, dayMs: DAY_MS });
  const clockMs = () =>
    startMs - DAYS * REAL_DAY_MS + (Date.now() - startMs) * (REAL_DAY_MS / DAY_MS);
  const sql = connect({
    ...{ url: database.runtimeUrl, max: 6, applicationName: 'oa-test-load' },
    settings: FAST_CLOCK_SETTINGS,
  });
  const journal = createJournal({ sql, hint: () => undefined });
  const all = drafts();
  let writing = true;
  let written = 0;
  const writers = CLASSES.map(async (topicClass) => {
    const own = all.filter((draft) => draft.class === topicClass);
    for (let at = 0; writing; at = (at + 7) % own.length) {
      const batch = Array.from(
        { length: ROWS_PER_BATCH },
        (_, row) => own[(at + (row % 10)) % own.length] as PublishDraft,
      );
      await transaction(sql, (tx) => journal.publishIn(tx, batch));
      written += batch.length;
      await delay(BATCH_EVERY_MS);
    }
  });

  const deps = { sql, now: clockMs };
  const [retainTopics, dropPartitions, sweepJournal] = [
    createRetainTopics(deps),
    createDropPartitions(deps),
    createSweepJournal(deps),
  ];
  const measures: Measure[] = [];
  while (Date.now() - startMs < DAYS * DAY_MS) {
    for (const topic_class of CLASSES) {
      const rule = { topic_class, retention_ms: RETENTION_DAYS * REAL_DAY_MS };
      for (let after: string | null = '0'; after !== null; ) {
        ({ next_topic_id: after } = await retainTopics({ ...rule, after_topic_id: after }));
      }
      await dropPartitions(rule);
    }
    while ((await sweepJournal()).more);
    const day = Math.floor((Date.now() - startMs) / DAY_MS);
    if (day > (measures.at(-1)?.day ?? 0)) measures.push(await measure(owner, day));
    await delay(200);
  }
  writing = false;
  await Promise.all(writers);

  for (const one of measures) await annotate(JSON.stringify(one));
  await annotate(`${written} rows in ${DAYS} days of ${DAY_MS} ms`);
  const settled = measures.filter(({ day }) => day > RETENTION_DAYS + 1);
  expect(settled.length).toBeGreaterThan(3);
  expect(Math.max(...settled.map((one) => one.days_kept))).toBeLessThanOrEqual(PARTITIONS_MAX);
  const sizes = settled.map((one) => one.journal_bytes);
  expect(Math.max(...sizes) / Math.max(...sizes.slice(0, 2))).toBeLessThan(GROWTH_MAX);
  expect(settled.at(-1)?.rows).toBeLessThan(written);
  expect(settled.at(-1)?.hot_share).toBeGreaterThan(HOT_SHARE_MIN);
  expect(settled.at(-1)?.topics_bytes).toBeLessThan(TOPICS_BYTES_MAX);
  expect(await findJournalDrift(sql)).toEqual([]);
  await journal.close();
  await sql.end({ timeout: 1 });
});
