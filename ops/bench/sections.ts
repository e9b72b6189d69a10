import type { Measure } from './measure.ts';

/** Measures one section of a suite, unless `OA_BENCH_ONLY` names others. */
export type Section = (name: string, measure: () => Promise<Measure[]>) => Promise<void>;

/** What the wanted sections of a suite measured, in their order. */
export async function inSections(
  suite: (section: Section) => Promise<void>,
  only = process.env['OA_BENCH_ONLY'],
): Promise<Measure[]> {
  const wanted = only?.split(',');
  const measures: Measure[] = [];
  await suite(async (name, measure) => {
    if (wanted && !wanted.includes(name)) return;
    process.stderr.write(`${name}…\n`);
    measures.push(...(await measure()));
  });
  return measures;
}
