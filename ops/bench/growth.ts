import { rm } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import { makeSampleRepository } from '../demo/sample-repository.ts';
import { stackLayout } from '../dev/layout.ts';
import { stackDirectory } from '../testing/stack-process.ts';
import { type BenchStack, startBenchStack } from './bench-stack.ts';
import { type Footprint, openFootprint } from './growth/footprint.ts';
import { growingRuns, LOUD_EVENTS, LOUD_PAYLOAD_BYTES } from './growth/runs.ts';
import { type Measure, median } from './measure.ts';

/** Enough that a half-filled page of a small table is no figure. */
const RUNS = 12;
const RAW_BYTES = LOUD_EVENTS * LOUD_PAYLOAD_BYTES;

/** What one run of each kind leaves behind: rows, bytes and events of its history, per table in `samples`. */
export async function measureGrowth(): Promise<Measure[]> {
  const directory = await stackDirectory();
  try {
    await using bench = await startBenchStack(directory);
    return await onStack(bench);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function onStack({ stack, operator }: BenchStack): Promise<Measure[]> {
  const address = stack.state().addresses['temporal'] ?? '';
  const connection = await Connection.connect({ address });
  const footprint = await openFootprint(stack);
  const runs = growingRuns(operator, await makeSampleRepository(stackLayout(stack.env)));
  const measures: Measure[] = [];
  try {
    for (const kind of ['idle', 'verified', 'loud'] as const) {
      process.stderr.write(`  ${RUNS} runs: ${kind}\n`);
      // The first of a kind creates topics, pages and caches that no later one pays for.
      await runs[kind]();
      const before = await footprint.read();
      const ids = await Promise.all(Array.from({ length: RUNS }, () => runs[kind]()));
      const after = await footprint.read();
      const client = new Client({ connection });
      const histories = await Promise.all(ids.map((id) => historyOf(client, id)));
      measures.push(...MEASURES[kind](costPerRun(before, after, histories)));
    }
    return measures;
  } finally {
    await footprint.close();
    await connection.close();
  }
}

interface RunCost {
  /** In Postgres (heap, indexes, out-of-line values) and as artifacts. */
  storedBytes: number;
  walBytes: number;
  rows: number;
  histories: History[];
  samples: Record<string, number[]>;
}

const MEASURES: Record<'idle' | 'verified' | 'loud', (cost: RunCost) => Measure[]> = {
  idle: (cost) => [bytesMeasure('storage of a run that does nothing', cost, 65_536, 32_768)],
  verified: (cost) => [
    bytesMeasure('storage of a small verified run', cost, 131_072, 65_536),
    {
      name: 'history of a small verified run',
      value: median(cost.histories.map((one) => one.events)),
      unit: 'events',
      better: 'lower',
      goal: 200,
      stretch: 100,
      baseline:
        'absolute, one turn and its verification; a history may have 4,096 before it is carried on',
      samples: {
        events: cost.histories.map((one) => one.events),
        bytes: cost.histories.map((one) => one.bytes),
      },
    },
  ],
  loud: (cost) => [
    {
      name: 'storage per run of 1,000 events of 300 bytes, over the raw bytes',
      value: cost.storedBytes / RAW_BYTES,
      unit: '×',
      better: 'lower',
      goal: 4,
      stretch: 2.5,
      baseline: `${RAW_BYTES} bytes of payloads (stored ${cost.storedBytes.toFixed(0)})`,
      samples: cost.samples,
    },
  ],
};

function bytesMeasure(name: string, cost: RunCost, goal: number, stretch: number): Measure {
  return {
    ...{ name, goal, stretch, samples: cost.samples },
    value: cost.storedBytes,
    unit: 'bytes',
    better: 'lower',
    baseline: `absolute, Postgres and artifacts, mean of ${RUNS}; ${cost.rows.toFixed(1)} rows, WAL ${cost.walBytes.toFixed(0)} bytes`,
  };
}

function costPerRun(before: Footprint, after: Footprint, histories: History[]): RunCost {
  const samples: Record<string, number[]> = {};
  let rows = 0;
  let storedBytes = 0;
  const perRun = (to: number, from: number) => (to - from) / RUNS;
  for (const [name, table] of Object.entries(after.tables)) {
    const was = before.tables[name];
    const cost = [
      perRun(table.rows, was?.rows ?? 0),
      perRun(table.heapBytes, was?.heapBytes ?? 0),
      perRun(table.indexBytes, was?.indexBytes ?? 0),
      perRun(table.toastBytes, was?.toastBytes ?? 0),
    ];
    const [tableRows = 0, ...bytes] = cost;
    if (cost.every((one) => one === 0)) continue;
    rows += tableRows;
    storedBytes += bytes.reduce((sum, one) => sum + one, 0);
    samples[`${name}: rows, heap, index and out-of-line bytes`] = cost;
  }
  const artifactBytes = perRun(after.artifacts.bytes, before.artifacts.bytes);
  samples['artifacts: files, bytes'] = [
    perRun(after.artifacts.files, before.artifacts.files),
    artifactBytes,
  ];
  const walBytes = perRun(after.walBytes, before.walBytes);
  samples['wal: bytes'] = [walBytes];
  return {
    storedBytes: storedBytes + artifactBytes,
    ...{ walBytes, rows, histories, samples },
  };
}

interface History {
  events: number;
  bytes: number;
}

async function historyOf(client: Client, runId: string): Promise<History> {
  const { raw } = await client.workflow.getHandle(`run/${runId}`).describe();
  return {
    events: Number(raw.workflowExecutionInfo?.historyLength ?? 0),
    bytes: Number(raw.workflowExecutionInfo?.historySizeBytes ?? 0),
  };
}
