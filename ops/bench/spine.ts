import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createOa } from '../demo/oa.ts';
import { stackLayout } from '../dev/layout.ts';
import { signIn } from '../testing/operator.ts';
import { stackDirectory, startStackProcess } from '../testing/stack-process.ts';
import { measureAgentEvents } from './agent-events.ts';
import { measureFreshClone } from './fresh-clone.ts';
import { measureJournal } from './journal.ts';
import { measureKhalaLatency } from './khala-latency.ts';
import type { Measure } from './measure.ts';
import { measureRuns } from './runs.ts';
import { measureStackCost } from './stack-cost.ts';

const EMAIL = 'bench@localhost';

/** The measures of the spine. `OA_BENCH_ONLY=runs,journal` runs some of them. */
export default async function spine(): Promise<Measure[]> {
  const directory = await stackDirectory();
  const wanted = process.env['OA_BENCH_ONLY']?.split(',');
  const measures: Measure[] = [];
  const section = async (name: string, measure: () => Promise<Measure[]>) => {
    if (wanted && !wanted.includes(name)) return;
    process.stderr.write(`${name}…\n`);
    measures.push(...(await measure()));
  };
  try {
    await section('journal', measureJournal);
    await section('khala', measureKhalaLatency);
    await section('runs', () => onStack(directory));
    await section('stack', () => measureStackCost(directory));
    await section('clone', async () => [await measureFreshClone()]);
    return measures;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A stack with one agent host, as `npm start` and `oa worker start` make them. */
async function onStack(directory: string): Promise<Measure[]> {
  const stack = await startStackProcess(directory);
  try {
    const oa = createOa({
      layout: stackLayout(stack.env),
      control: stack.state().addresses['control'] ?? '',
      env: stack.env,
      signal: new AbortController().signal,
    });
    await oa.ensureLogin(EMAIL);
    const worker = await oa.startWorker(join(directory, 'data'), '--turns', '16');
    try {
      const operator = await signIn(stack, EMAIL);
      return [...(await measureRuns(stack, operator)), await measureAgentEvents(operator)];
    } finally {
      await worker.stop();
    }
  } finally {
    await stack.stop();
  }
}
