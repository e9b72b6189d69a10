import type { Sql } from '#db/connect.ts';
import { sha256FromBytes } from '#proto/sha256.ts';
import type { Violation } from './violation.ts';

/** What clients were told while faults happened: it has to be true afterwards. */
export interface Promises {
  /** Runs whose creation was acknowledged, each asked for under one idempotency key. */
  runs: ReadonlySet<string>;
  /** Appended events that were acknowledged. */
  events: readonly AcknowledgedEvent[];
}

export interface AcknowledgedEvent {
  run_id: string;
  seq: string;
  event_hash: string;
}

export async function checkPromises(sql: Sql, promises: Promises): Promise<Violation[]> {
  const runs = await sql<{ run_id: string }[]>`select run_id from runtime.runs`;
  const there = new Set(runs.map(({ run_id }) => run_id));
  const lost = [...promises.runs].filter((run_id) => !there.has(run_id));
  const unasked = [...there].filter((run_id) => !promises.runs.has(run_id));
  return [
    ...lost.map((subject) => ({
      rule: 'lost' as const,
      subject,
      detail: 'its creation was acknowledged, and it is not there',
    })),
    ...unasked.map((subject) => ({
      rule: 'unasked' as const,
      subject,
      detail: 'no acknowledged request made it',
    })),
    ...(await lostEvents(sql, promises.events)),
  ];
}

const PAGE_EVENTS = 1_000;

async function lostEvents(sql: Sql, promised: readonly AcknowledgedEvent[]): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (let at = 0; at < promised.length; at += PAGE_EVENTS) {
    const page = promised.slice(at, at + PAGE_EVENTS);
    const rows = await sql<{ run_id: string; seq: bigint; event_hash: Uint8Array }[]>`
      select e.run_id, e.seq, e.event_hash from runtime.run_events e
      join unnest(${page.map(({ run_id }) => run_id)}::text[], ${page.map(({ seq }) => seq)}::int8[])
        p (run_id, seq) on p.run_id = e.run_id and p.seq = e.seq`;
    const stored = new Map(
      rows.map(({ run_id, seq, event_hash }) => [`${run_id} ${seq}`, sha256FromBytes(event_hash)]),
    );
    for (const { run_id, seq, event_hash } of page) {
      const found = stored.get(`${run_id} ${seq}`);
      if (found === event_hash) continue;
      violations.push({
        rule: 'lost',
        subject: run_id,
        detail: `event ${seq} was acknowledged as ${event_hash}, and is ${found ?? 'not there'}`,
      });
    }
  }
  return violations;
}
