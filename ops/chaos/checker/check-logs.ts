import { createHash } from 'node:crypto';
import type { Sql } from '#db/connect.ts';
import { type ChainVerifier, chainVerifier } from '#proto/event-chain.ts';
import { sha256FromBytes } from '#proto/sha256.ts';
import type { Violation } from './violation.ts';

const PAGE_EVENTS = 2_000;

interface EventRow {
  run_id: string;
  seq: bigint;
  event_type: string;
  payload: Uint8Array;
  payload_sha256: Uint8Array;
  event_hash: Uint8Array;
}

/** Every log of every run: its numbers and keys by SQL, its chain event by event. */
export async function checkLogs(sql: Sql): Promise<Violation[]> {
  const [gaps, doubled, ends, chains] = await Promise.all([
    findGaps(sql),
    findDoubled(sql),
    findEnds(sql),
    findBrokenChains(sql),
  ]);
  return [...gaps, ...doubled, ...ends, ...chains];
}

async function findGaps(sql: Sql): Promise<Violation[]> {
  const rows = await sql<{ run_id: string; detail: string }[]>`
    select r.run_id, format('head %s, numbers %s to %s, %s events, %s of them distinct',
      r.latest_seq, e.first, e.last, e.events, e.numbers) as detail
    from runtime.runs r
    left join lateral (
      select min(seq) as first, max(seq) as last, count(*) as events, count(distinct seq) as numbers
      from runtime.run_events e where e.run_id = r.run_id
    ) e on true
    where r.latest_seq is distinct from e.events or e.events <> e.numbers
      or (e.events > 0 and (e.first <> 1 or e.last <> e.events))`;
  return rows.map(({ run_id, detail }) => ({ rule: 'log_gap', subject: run_id, detail }));
}

async function findDoubled(sql: Sql): Promise<Violation[]> {
  const rows = await sql<{ run_id: string; idempotency_key: string; events: bigint }[]>`
    select run_id, idempotency_key, count(*) as events from runtime.run_events
    where idempotency_key is not null group by 1, 2 having count(*) > 1`;
  return rows.map(({ run_id, idempotency_key, events }) => ({
    rule: 'event_doubled',
    subject: run_id,
    detail: `${events} events have the key ${idempotency_key}`,
  }));
}

async function findEnds(sql: Sql): Promise<Violation[]> {
  const rows = await sql<{ run_id: string; detail: string }[]>`
    select r.run_id, format('%s times run.created (at %s), %s times run.finished (at %s) of %s events',
      e.created, e.created_at, e.finished, e.finished_at, r.latest_seq) as detail
    from runtime.runs r
    cross join lateral (
      select count(*) filter (where event_type = 'run.created') as created,
        min(seq) filter (where event_type = 'run.created') as created_at,
        count(*) filter (where event_type = 'run.finished') as finished,
        max(seq) filter (where event_type = 'run.finished') as finished_at
      from runtime.run_events e where e.run_id = r.run_id
    ) e
    where e.created <> 1 or e.created_at <> 1 or e.finished > 1 or e.finished_at <> r.latest_seq`;
  return rows.map(({ run_id, detail }) => ({ rule: 'beginning_and_end', subject: run_id, detail }));
}

async function findBrokenChains(sql: Sql): Promise<Violation[]> {
  const violations: Violation[] = [];
  let at = '';
  let chain: ChainVerifier = chainVerifier(at);
  let broken = false;
  const pages = sql<EventRow[]>`
    select run_id, seq, event_type, payload, payload_sha256, event_hash from runtime.run_events
    order by run_id, seq`.cursor(PAGE_EVENTS);
  for await (const page of pages) {
    for (const event of page) {
      if (event.run_id !== at) {
        at = event.run_id;
        chain = chainVerifier(at);
        broken = false;
      }
      if (broken) continue;
      const detail = faultOf(chain, event);
      if (detail === undefined) continue;
      broken = true;
      violations.push({ rule: 'log_chain', subject: at, detail: `event ${event.seq}: ${detail}` });
    }
  }
  return violations;
}

function faultOf(chain: ChainVerifier, event: EventRow): string | undefined {
  const digest = createHash('sha256').update(event.payload).digest();
  if (!digest.equals(event.payload_sha256)) return 'the payload has another hash';
  const check = chain.next({
    run_id: event.run_id,
    seq: event.seq,
    event_type: event.event_type,
    payload_hash: sha256FromBytes(event.payload_sha256),
    event_hash: sha256FromBytes(event.event_hash),
  });
  return check.ok ? undefined : check.reason;
}
