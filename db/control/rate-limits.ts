import type { Sql } from '../connect.ts';

export interface RateLimitHit {
  gate: string;
  principalHash: Uint8Array;
  windowMs: number;
  /** Hits beyond one past this are not counted: whoever hammers is let in again as soon as whoever waits. */
  limit: number;
  now: Date;
}

export interface RateWindow {
  /** Hits in the window that `now` falls into, this one included. */
  count: number;
  previousCount: number;
  windowStartedAt: Date;
}

/** Counts one hit in windows aligned to the epoch, and answers this window and the one before. One statement. */
export async function countHit(sql: Sql, hit: RateLimitHit): Promise<RateWindow> {
  const { gate, principalHash, windowMs, limit, now } = hit;
  const startedAt = new Date(Math.floor(now.getTime() / windowMs) * windowMs);
  const previousStartedAt = new Date(startedAt.getTime() - windowMs);
  const [row] = await sql<{ count: number; previous_count: number; window_started_at: Date }[]>`
    insert into control.rate_limits as r (gate, principal_hash, window_started_at, count)
    values (${gate}, ${principalHash}, ${startedAt}, 1)
    on conflict (gate, principal_hash) do update set
      previous_count = case
        when r.window_started_at >= excluded.window_started_at then r.previous_count
        when r.window_started_at = ${previousStartedAt} then r.count
        else 0 end,
      count = case
        when r.window_started_at >= excluded.window_started_at then least(r.count, ${limit}) + 1
        else 1 end,
      window_started_at = greatest(r.window_started_at, excluded.window_started_at)
    returning count, previous_count, window_started_at`;
  if (!row) throw new Error('an upsert returned no row');
  return {
    count: row.count,
    previousCount: row.previous_count,
    windowStartedAt: row.window_started_at,
  };
}

/** Forgets principals that were not seen since. */
export async function deleteStaleWindows(sql: Sql, before: Date): Promise<number> {
  const deleted = await sql`
    delete from control.rate_limits where window_started_at < ${before}`;
  return deleted.count;
}
