import { type Client, WithStartWorkflowOperation } from '@temporalio/client';
import type { Operator } from '../testing/operator.ts';
import type { StackProcess } from '../testing/stack-process.ts';
import { BARE_QUEUE, startBareTemporal } from './bare-temporal.ts';
import type { bareStart, bareSteps } from './bare-workflows.ts';
import { type FollowedRuns, followRuns } from './follow-runs.ts';
import { type Measure, median } from './measure.ts';

/** Activities of a no-op run: create, dispatch, finish, derive. The bench reads it from a history and compares. */
const STEPS_OF_A_RUN = 4;
const ROUNDS = 6;
const RUNS_PER_ROUND = 40;
const STARTS_PER_ROUND = 15;

/** Runs that do nothing, against workflows that do nothing, round about on one server. */
export async function measureRuns(stack: StackProcess, operator: Operator): Promise<Measure[]> {
  const bare = await startBareTemporal(stack);
  const { client } = bare;
  const followed = await followRuns(stack, operator);
  try {
    await runRound(operator, followed, 5);
    await bareRound(client, 5);
    await assertSteps(client, followed);
    const throughput = { runs: [] as number[], bare: [] as number[] };
    const start = { runs: [] as number[], bare: [] as number[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      process.stderr.write(`  round ${round + 1} of ${ROUNDS}\n`);
      throughput.bare.push(await bareRound(client, RUNS_PER_ROUND));
      throughput.runs.push(await runRound(operator, followed, RUNS_PER_ROUND));
      for (let one = 0; one < STARTS_PER_ROUND; one += 1) {
        start.bare.push(await bareStartMs(client));
        start.runs.push(await runStartMs(operator, followed));
      }
    }
    return [startMeasure(start), throughputMeasure(throughput)];
  } finally {
    await followed.close();
    await bare[Symbol.asyncDispose]();
  }
}

function startMeasure(start: { runs: number[]; bare: number[] }): Measure {
  const bare = median(start.bare);
  return {
    name: 'run start: POST to first journal frame at a connected client, p50',
    value: median(start.runs) / bare,
    unit: '×',
    better: 'lower',
    goal: 1.5,
    stretch: 1.2,
    baseline: `bare update-with-start with one activity, ${bare.toFixed(1)} ms`,
    samples: { run_start_ms: start.runs, bare_start_ms: start.bare },
  };
}

function throughputMeasure(perSecond: { runs: number[]; bare: number[] }): Measure {
  const ratios = perSecond.runs.map((runs, round) => runs / (perSecond.bare[round] ?? Number.NaN));
  return {
    name: 'no-op runs per second, all rows, receipt and journal',
    value: median(ratios),
    unit: '×',
    better: 'higher',
    goal: 0.6,
    stretch: 0.8,
    baseline: `bare workflow of ${STEPS_OF_A_RUN} activities, ${median(perSecond.bare).toFixed(1)} per second`,
    samples: { runs_per_second: perSecond.runs, bare_per_second: perSecond.bare },
  };
}

async function bareRound(client: Client, count: number): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: count }, () =>
      client.workflow.execute<typeof bareSteps>('bareSteps', {
        taskQueue: BARE_QUEUE,
        workflowId: `bare/${crypto.randomUUID()}`,
        args: [STEPS_OF_A_RUN],
      }),
    ),
  );
  return count / ((performance.now() - startedAt) / 1000);
}

/** Runs per second of `count` runs at once; each of them succeeded and has its receipt. */
export async function runRound(
  operator: Operator,
  followed: FollowedRuns,
  count: number,
): Promise<number> {
  const startedAt = performance.now();
  const ids = await Promise.all(Array.from({ length: count }, () => createRun(operator)));
  const summaries = await Promise.all(ids.map((id) => followed.finished(id)));
  const seconds = (performance.now() - startedAt) / 1000;
  const bad = summaries.filter((one) => one.status !== 'succeeded' || !one.receipt_id);
  if (bad.length > 0) throw new Error(`runs did not succeed: ${JSON.stringify(bad[0])}`);
  return count / seconds;
}

async function createRun(operator: Operator): Promise<string> {
  const { run_id } = await operator.call<{ run_id: string }>('runtime', 'POST', '/v1/runs', {
    spec: {
      objective: 'do nothing',
      work_unit: 'agent_task',
      agent: { driver: 'command', command: ['true'] },
    },
  });
  return run_id;
}

async function bareStartMs(client: Client): Promise<number> {
  const startedAt = performance.now();
  await client.workflow.executeUpdateWithStart('started', {
    startWorkflowOperation: new WithStartWorkflowOperation<typeof bareStart>('bareStart', {
      taskQueue: BARE_QUEUE,
      workflowId: `bare/${crypto.randomUUID()}`,
      workflowIdConflictPolicy: 'FAIL',
    }),
  });
  return performance.now() - startedAt;
}

async function runStartMs(operator: Operator, followed: FollowedRuns): Promise<number> {
  const startedAt = performance.now();
  const runId = await createRun(operator);
  const seenAt = await followed.firstSeenAt(runId);
  await followed.finished(runId);
  return seenAt - startedAt;
}

/** The baseline is fair only while it has as many activities as a run. */
async function assertSteps(client: Client, followed: FollowedRuns): Promise<void> {
  const runId = followed.anyFinished();
  const history = await client.workflow.getHandle(`run/${runId}`).fetchHistory();
  const steps = (history.events ?? []).filter((one) => one.activityTaskScheduledEventAttributes);
  if (steps.length !== STEPS_OF_A_RUN) {
    throw new Error(`a run has ${steps.length} activities, its baseline ${STEPS_OF_A_RUN}`);
  }
}
