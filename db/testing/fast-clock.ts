/** A server clock that runs faster, for what takes days: sessions whose `search_path` begins with its schema read it. */
import type { Sql } from '../connect.ts';

export const FAST_CLOCK_SETTINGS = { search_path: 'fast_clock, pg_catalog, public' };

/** From now on it shows `startDaysAgo` days ago, and then a day every `dayMs`. */
export async function createFastClock(
  owner: Sql,
  { startDaysAgo, dayMs }: { startDaysAgo: number; dayMs: number },
): Promise<void> {
  const begin = Date.now();
  await owner.unsafe(`
    create schema fast_clock;
    create function fast_clock.clock_timestamp() returns timestamptz language sql volatile as $$
      select to_timestamp(${begin / 1_000}) - interval '${startDaysAgo} days'
        + (pg_catalog.clock_timestamp() - to_timestamp(${begin / 1_000})) * ${86_400_000 / dayMs}
    $$;
    grant usage on schema fast_clock to oa_runtime;
    grant execute on function fast_clock.clock_timestamp() to oa_runtime`);
}
