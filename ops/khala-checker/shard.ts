/** One shard of the long mode: `--seed`, `--deliveries`, `--nodes`; its outcome is one line of JSON. */
import { parseArgs } from 'node:util';
import { cpuMsOfTrees } from '../bench/process-tree.ts';
import { runWorkload } from './workload.ts';

/** Of a shard that found much; the counts say how much more there was. */
const VIOLATIONS_SHOWN = 20;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    deliveries: { type: 'string' },
    nodes: { type: 'string' },
  },
});

const outcome = await runWorkload({
  seed: Number(values.seed ?? 1) >>> 0,
  deliveries: Number(values.deliveries ?? 500_000),
  nodes: Number(values.nodes ?? 2),
  say: (line) => process.stderr.write(`${line}\n`),
});
const shown = {
  ...outcome,
  cpuMs: cpuMsOfTrees(process.pid),
  violations: outcome.violations.slice(0, VIOLATIONS_SHOWN),
};
const text = JSON.stringify(shown, (_, value) =>
  typeof value === 'bigint' ? String(value) : value,
);
process.stdout.write(`${text}\n`, () => process.exit(outcome.violations.length === 0 ? 0 : 1));
