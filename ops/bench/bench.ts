import { type BenchResult, type Measure, machine, renderResult } from './measure.ts';

/** `npm run bench -- NAME [--json]`: one JSON object, or a table a person reads. Progress goes to stderr. */
const BENCHES: Record<string, () => Promise<{ default: () => Promise<Measure[]> }>> = {
  spine: () => import('./spine.ts'),
  runs: () => import('./runs.ts'),
  khala: () => import('./khala.ts'),
};

const [name = ''] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const load = BENCHES[name];
if (!load) {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(BENCHES).join('|')} [--json]\n`);
  process.exit(2);
}
const { default: bench } = await load();
const result: BenchResult = { bench: name, machine: machine(), measures: await bench() };
const json = process.argv.includes('--json');
process.stdout.write(`${json ? JSON.stringify(result) : renderResult(result)}\n`);
