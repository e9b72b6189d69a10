import type { Sql } from '#db/connect.ts';
import { type Measure, median } from '../measure.ts';
import type { Append } from './contenders.ts';

export const WRITERS = 16;

/** Who appends in turn with others. */
export interface Contender {
  append: Append;
  topicOf: (number: number) => number;
  appends: number;
  /** Appends per second, one sample per round. */
  rates: number[];
  /** Bytes of WAL per append, one sample per round. */
  walBytes: number[];
}

export function contender(
  append: Append,
  topicOf: Contender['topicOf'],
  appends: number,
): Contender {
  return { append, topicOf, appends, rates: [], walBytes: [] };
}

/** Each writer awaits its append before the next one: sixteen are under way at any moment. */
export async function runRound(one: Contender, admin: Sql): Promise<void> {
  let started = 0;
  const before = await walPosition(admin);
  const beganAtMs = performance.now();
  await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      while (started < one.appends) await one.append(one.topicOf(started++));
    }),
  );
  const elapsedS = (performance.now() - beganAtMs) / 1_000;
  one.rates.push(one.appends / elapsedS);
  one.walBytes.push(Number((await walPosition(admin)) - before) / one.appends);
}

async function walPosition(sql: Sql): Promise<bigint> {
  const [row] = await sql<{ bytes: bigint }[]>`
    select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::int8 as bytes`;
  return row?.bytes ?? 0n;
}

export function ratio(
  name: string,
  subject: Contender,
  baseline: Contender,
  bar: { baseline: string; goal: number; stretch: number },
): Measure {
  const ratios = subject.rates.map((rate, round) => rate / (baseline.rates[round] ?? Number.NaN));
  return {
    name,
    value: median(ratios),
    unit: '×',
    better: 'higher',
    goal: bar.goal,
    stretch: bar.stretch,
    baseline: `${bar.baseline}, ${median(baseline.rates).toFixed(0)}/s (subject ${median(subject.rates).toFixed(0)}/s)`,
    samples: { subject_per_s: subject.rates, baseline_per_s: baseline.rates },
  };
}
