import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type StackProcess, startStackProcess } from '../testing/stack-process.ts';
import { type Measure, median } from './measure.ts';
import { ownCpuMs, processTree } from './process-tree.ts';

/** Starts after the first, which initialises the cluster and fills caches. */
const WARM_STARTS = 5;
const SETTLE_MS = 20_000;
const IDLE_WINDOW_MS = 30_000;
const MIB = 1024;

/** Warm start and idle cost of the local stack. Linux only: it reads /proc. */
export async function measureStackCost(directory: string): Promise<Measure[]> {
  await (await startStackProcess(directory)).stop();
  const starts: number[] = [];
  for (let round = 1; round < WARM_STARTS; round += 1) {
    const { stack, seconds } = await timedStart(directory);
    starts.push(seconds);
    await stack.stop();
  }
  const { stack, seconds } = await timedStart(directory);
  starts.push(seconds);
  await delay(SETTLE_MS);
  const idle = await idleCost(stack);
  await stack.stop();
  return [
    {
      name: 'npm start to all ready, warm',
      value: median(starts),
      unit: 's',
      better: 'lower',
      goal: 8,
      stretch: 4,
      baseline: `absolute, median of ${starts.length}, from spawn to the line that says so`,
      samples: { start_s: starts },
    },
    {
      name: 'whole stack idle: CPU of one core',
      value: idle.cpuPercent,
      unit: '%',
      better: 'lower',
      goal: 3,
      stretch: 2,
      baseline: `absolute, over ${IDLE_WINDOW_MS / 1000} s, supervisor included`,
      samples: { cpu_percent: [idle.cpuPercent] },
    },
    {
      name: 'whole stack idle: resident memory',
      value: idle.memoryMib,
      unit: 'MiB',
      better: 'lower',
      goal: 1300,
      stretch: 1000,
      baseline: 'absolute, proportional set size (a shared page counts once)',
      samples: Object.fromEntries(Object.entries(idle.byPart).map(([name, mib]) => [name, [mib]])),
    },
  ];
}

async function timedStart(directory: string): Promise<{ stack: StackProcess; seconds: number }> {
  const startedAt = performance.now();
  const stack = await startStackProcess(directory);
  return { stack, seconds: (performance.now() - startedAt) / 1000 };
}

async function idleCost(stack: StackProcess) {
  const supervisor = stack.child.pid ?? 0;
  const pids = processTree(supervisor);
  const before = pids.map(ownCpuMs);
  await delay(IDLE_WINDOW_MS);
  const usedMs = pids.reduce((sum, pid, index) => sum + ownCpuMs(pid) - (before[index] ?? 0), 0);
  const byPart: Record<string, number> = {};
  for (const [name, { pid }] of Object.entries(stack.state().parts)) {
    byPart[name] = processTree(pid).reduce((sum, one) => sum + memoryMib(one), 0);
  }
  byPart['supervisor'] = memoryMib(supervisor);
  return {
    cpuPercent: (usedMs / IDLE_WINDOW_MS) * 100,
    memoryMib: Object.values(byPart).reduce((sum, mib) => sum + mib, 0),
    byPart,
  };
}

function memoryMib(pid: number): number {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss: +(\d+) kB/m.exec(rollup)?.[1] ?? 0) / MIB;
  } catch {
    return 0;
  }
}
