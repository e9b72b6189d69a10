import { rm } from 'node:fs/promises';
import { stackDirectory } from '../../testing/stack-process.ts';
import { type BenchStack, startBenchStack } from '../bench-stack.ts';
import { type FollowedRuns, followRuns } from '../follow-runs.ts';
import { type Measure, median } from '../measure.ts';
import { runRound } from '../no-op-runs.ts';
import { cpuMsOfTrees } from '../process-tree.ts';
import { spineTree } from './spine-tree.ts';

const ROUNDS = 8;
const RUNS_PER_ROUND = 40;
const WARM_UP_RUNS = 20;

/** One of the two, with what it measured. */
interface Contender {
  bench: BenchStack;
  followed: FollowedRuns;
  perSecond: number[];
  cpuMsPerRun: number[];
}

/** No-op runs of this build against those of the state tagged `spine`: two whole stacks that take turns. */
export async function measureBesideSpine(): Promise<Measure[]> {
  const directories = [await stackDirectory(), await stackDirectory()] as const;
  try {
    await using tree = await spineTree();
    await using ours = await contender(directories[0]);
    await using spine = await contender(directories[1], tree.root);
    for (const one of [ours, spine]) await runRound(one.bench.operator, one.followed, WARM_UP_RUNS);
    for (let number = 0; number < ROUNDS; number += 1) {
      process.stderr.write(`  round ${number + 1} of ${ROUNDS}\n`);
      // The second of a pair finds warmer caches: each is it as often.
      for (const one of number % 2 ? [ours, spine] : [spine, ours]) await round(one);
    }
    return [runsMeasure(ours, spine), cpuMeasure(ours, spine)];
  } finally {
    for (const directory of directories) await rm(directory, { recursive: true, force: true });
  }
}

async function contender(directory: string, root?: string) {
  const bench = await startBenchStack(directory, root ? { root } : {});
  const followed = await followRuns(bench.stack, bench.operator);
  return {
    ...{ bench, followed, perSecond: [] as number[], cpuMsPerRun: [] as number[] },
    async [Symbol.asyncDispose]() {
      await followed.close();
      await bench[Symbol.asyncDispose]();
    },
  };
}

async function round(one: Contender): Promise<void> {
  const before = cpuMsOf(one.bench);
  one.perSecond.push(await runRound(one.bench.operator, one.followed, RUNS_PER_ROUND));
  one.cpuMsPerRun.push((cpuMsOf(one.bench) - before) / RUNS_PER_ROUND);
}

function cpuMsOf({ stack, host }: BenchStack): number {
  return cpuMsOfTrees(stack.child.pid ?? 0, host.pid);
}

function runsMeasure(ours: Contender, spine: Contender): Measure {
  return {
    name: 'no-op runs per second',
    value: medianRatio(ours.perSecond, spine.perSecond),
    unit: '×',
    better: 'higher',
    goal: 0.95,
    stretch: 1,
    baseline: `the state tagged spine, ${median(spine.perSecond).toFixed(1)} per second (subject ${median(ours.perSecond).toFixed(1)})`,
    samples: { runs_per_second: ours.perSecond, spine_per_second: spine.perSecond },
  };
}

/** Beside the rate, since it depends least on what else the machine does. */
function cpuMeasure(ours: Contender, spine: Contender): Measure {
  const [mine, theirs] = [median(ours.cpuMsPerRun), median(spine.cpuMsPerRun)];
  return {
    name: 'CPU of a no-op run over all processes',
    value: medianRatio(ours.cpuMsPerRun, spine.cpuMsPerRun),
    unit: '×',
    better: 'lower',
    goal: 1.05,
    stretch: 1,
    baseline: `the state tagged spine, ${theirs.toFixed(0)} ms (subject ${mine.toFixed(0)} ms)`,
    samples: { cpu_ms: ours.cpuMsPerRun, spine_cpu_ms: spine.cpuMsPerRun },
  };
}

function medianRatio(subject: number[], baseline: number[]): number {
  return median(subject.map((value, index) => value / (baseline[index] ?? Number.NaN)));
}
