import { rm } from 'node:fs/promises';
import { stackDirectory } from '../testing/stack-process.ts';
import { measureAgentEvents } from './agent-events.ts';
import { startBenchStack } from './bench-stack.ts';
import { measureFreshClone } from './fresh-clone.ts';
import { measureJournal } from './journal.ts';
import { measureKhalaLatency } from './khala-latency.ts';
import type { Measure } from './measure.ts';
import { measureRuns } from './no-op-runs.ts';
import { inSections } from './sections.ts';
import { measureStackCost } from './stack-cost.ts';

/** The measures of the spine. */
export default async function spine(): Promise<Measure[]> {
  const directory = await stackDirectory();
  try {
    return await inSections(async (section) => {
      await section('journal', measureJournal);
      await section('khala', measureKhalaLatency);
      await section('runs', () => onStack(directory));
      await section('stack', () => measureStackCost(directory));
      await section('clone', async () => [await measureFreshClone()]);
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function onStack(directory: string): Promise<Measure[]> {
  await using bench = await startBenchStack(directory);
  const { stack, operator } = bench;
  return [...(await measureRuns(stack, operator)), await measureAgentEvents(operator)];
}
