import type { Sql } from '#db/connect.ts';
import { createJournal } from '#db/runtime/journal.ts';
import { insertRun } from '#db/runtime/runs.ts';
import { transaction } from '#db/transaction.ts';
import { hashCanonical } from '#proto/canonical.ts';
import type { RunSpec } from '#proto/gen/types.ts';
import { newId, type RunId } from '#proto/ids.ts';

/** One durable append to topic number `topic`. */
export type Append = (topic: number) => Promise<unknown>;

const PAYLOAD = { item_id: 'item', delta: 'x'.repeat(160) };
const PAYLOAD_BYTES = Buffer.from(JSON.stringify(PAYLOAD));
const HASH = Buffer.alloc(32, 7);
const RUNS_PER_TRANSACTION = 100;

/** The subject: the journal as services use it, each event with its idempotency key. */
export function journalAppend(sql: Sql, runs: RunId[]): Append {
  const journal = createJournal({ sql, hint: () => {} });
  let number = 0;
  return (topic) => {
    const run_id = runs[topic];
    if (run_id === undefined) throw new RangeError(`no topic ${topic}`);
    number += 1;
    const event = { event_type: 'text.delta', payload: PAYLOAD, idempotency_key: `k${number}` };
    return journal.append({ run_id, origin: 'platform', events: [event] });
  };
}

/** Baseline of the first measure: one row, one commit, no order, no chain. */
export function plainInsert(sql: Sql): Append {
  return (topic) => sql`
    insert into plain (topic, event_type, payload, payload_sha256)
    values (${topic}, 'text.delta', ${PAYLOAD_BYTES}, ${HASH})`;
}

/** Baseline of the second: the topic's row is locked, a row is written, the commit releases it. One round trip. */
export function lockedAppend(sql: Sql): Append {
  return (topic) => sql`
    with head as (update counters set head = head + 1 where topic = ${topic} returning topic, head)
    insert into locked (topic, seq, event_type, payload, payload_sha256)
    select topic, head, 'text.delta', ${PAYLOAD_BYTES}::bytea, ${HASH}::bytea from head`;
}

/** The same with what wakes the readers in the same transaction. */
export function notifyingAppend(sql: Sql): Append {
  return (topic) => sql`
    with head as (update counters set head = head + 1 where topic = ${topic} returning topic, head),
      row as (
        insert into locked (topic, seq, event_type, payload, payload_sha256)
        select topic, head, 'text.delta', ${PAYLOAD_BYTES}::bytea, ${HASH}::bytea from head returning topic, seq
      )
    select pg_notify('bench_hint', topic || ':' || seq) from row`;
}

export async function createBaselineTables(sql: Sql, topics: number): Promise<void> {
  await sql.unsafe(`
    create table plain (id int8 generated always as identity primary key, topic int4 not null,
      event_type text not null, payload bytea not null, payload_sha256 bytea not null,
      recorded_at timestamptz not null default clock_timestamp());
    create table counters (topic int4 primary key, head int8 not null default 0) with (fillfactor = 50);
    create table locked (topic int4 not null, seq int8 not null, event_type text not null,
      payload bytea not null, payload_sha256 bytea not null,
      recorded_at timestamptz not null default clock_timestamp(), primary key (topic, seq));
    insert into counters select generate_series(0, ${topics - 1});
    grant select, insert on plain, locked to oa_runtime;
    grant select, update on counters to oa_runtime;`);
}

/** The journal's function as the service calls it, for what is put around it. */
const APPEND_FUNCTION = `create function runtime.journal_append(p_run_ids text[], p_step_run int4[],
      p_step_expected int8[], p_patches jsonb, p_event_step int4[], p_event_type text[], p_event_key text[],
      p_sanitized int4[], p_event_start int4[], p_event_length int4[], p_payloads bytea)
    returns table (outcomes text[], refused_heads int8[], run_topics int8[], run_heads int8[],
      seqs int8[], hashes text, replayed int4[], summaries jsonb)`;
const APPEND_ARGUMENTS = `p_run_ids, p_step_run, p_step_expected, p_patches,
            p_event_step, p_event_type, p_event_key, p_sanitized, p_event_start, p_event_length, p_payloads`;

/** Each call of the journal hints inside its transaction, by one NOTIFY for all of its topics. */
export async function installNotify(sql: Sql): Promise<void> {
  await sql.unsafe(`
    alter function runtime.journal_append rename to journal_append_silent;
    ${APPEND_FUNCTION}
    language plpgsql as $$
    begin
      perform pg_notify('bench_hint', cardinality(p_run_ids)::text);
      return query select * from runtime.journal_append_silent(${APPEND_ARGUMENTS});
    end $$;
    grant execute on function runtime.journal_append to oa_runtime;`);
}

/**
 * The other form of the journal: each event of a run is copied into sync_events and the topic's head moves with it. The
 * copy is made by a function around the real one, so that both forms differ by the copy alone.
 */
export async function installSecondCopy(sql: Sql): Promise<void> {
  await sql.unsafe(`
    create table runtime.sync_events_run_events partition of runtime.sync_events for values in ('run_events');
    grant insert, select on runtime.sync_events_run_events to oa_runtime;
    alter function runtime.journal_append rename to journal_append_log;
    ${APPEND_FUNCTION}
    language plpgsql as $$
    #variable_conflict use_column
    begin
      return query
        with answer as materialized (
          select * from runtime.journal_append_log(${APPEND_ARGUMENTS})
        ), appended as (
          select a.run_topics[p_step_run[e.step]] as topic_id, e.seq, e.type,
            substring(p_payloads from e.start + 1 for e.length) as payload
          from answer a cross join lateral unnest(p_event_step, p_event_type, p_event_start, p_event_length, a.seqs)
            e (step, type, start, length, seq)
        ), copied as (
          insert into runtime.sync_events
            (topic_id, seq, class, day, kind, payload, payload_sha256, inserted_at)
          select topic_id, seq, 'run_events', now()::date, type, payload, sha256(payload), now() from appended
        ), moved as (
          update runtime.sync_topics t set head_seq = m.head, updated_at = now()
          from (select topic_id, max(seq) as head from appended group by topic_id) m
          where t.topic_id = m.topic_id
        )
        select * from answer;
    end $$;
    grant execute on function runtime.journal_append to oa_runtime;`);
}

export async function createRuns(sql: Sql, count: number): Promise<RunId[]> {
  const runs = Array.from({ length: count }, () => newId('run'));
  for (let from = 0; from < count; from += RUNS_PER_TRANSACTION) {
    await transaction(sql, async (tx) => {
      for (const run_id of runs.slice(from, from + RUNS_PER_TRANSACTION)) {
        await insertRun(tx, { run_id, ...newRun() });
      }
    });
  }
  return runs;
}

function newRun() {
  const spec: RunSpec = {
    objective: 'make the failing test pass',
    work_unit: 'agent_task',
    thread_id: '',
    org_id: '',
  };
  return {
    spec,
    owner: { user_id: newId('user') },
    org_id: null,
    thread_id: newId('thread'),
    objective_hash: hashCanonical(spec.objective),
    policy_bundle_id: null,
    create_fingerprint: null,
    created_at_ms: Date.now(),
  };
}
