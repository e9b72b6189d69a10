import type { Operator } from '../testing/operator.ts';
import { startLongRun, untilExecuting } from './live-run.ts';
import { type Measure, median } from './measure.ts';

const BATCH = 500;
const BATCHES_PER_ROUND = 20;
const ROUNDS = 6;
/** A host keeps a few batches in flight, so that one commit can carry several. */
const IN_FLIGHT = 4;
const TEXT = 'x'.repeat(120);

/** Events of one run into its log, over HTTP in batches, as an agent host sends them. */
export async function measureAgentEvents(operator: Operator): Promise<Measure> {
  const runId = await startLongRun(operator);
  await untilExecuting(operator, runId);
  const before = await headOf(operator, runId);
  const perSecond: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedAt = performance.now();
    await appendRound(operator, runId, round);
    perSecond.push((BATCH * BATCHES_PER_ROUND) / ((performance.now() - startedAt) / 1000));
  }
  const appended = (await headOf(operator, runId)) - before;
  const asked = BATCH * BATCHES_PER_ROUND * ROUNDS;
  if (appended < asked) throw new Error(`asked for ${asked} events, the log has ${appended} more`);
  await operator.call('runtime', 'POST', `/v1/runs/${runId}/cancel`, { reason: 'bench is over' });
  return {
    name: 'agent events into the log, one run, over HTTP in batches',
    value: median(perSecond),
    unit: 'events/s',
    better: 'higher',
    goal: 5_000,
    stretch: 20_000,
    baseline: `absolute, ${BATCH} events a batch, ${IN_FLIGHT} batches in flight`,
    samples: { events_per_second: perSecond },
  };
}

async function appendRound(operator: Operator, runId: string, round: number): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < BATCHES_PER_ROUND) {
      const batch = next;
      next += 1;
      await operator.call('runtime', 'POST', `/v1/runs/${runId}/events`, {
        events: Array.from({ length: BATCH }, (_, index) => ({
          event_type: 'tool.progress',
          payload: { tool_call_id: 'call-1', stream: 'stdout', text: `${index} ${TEXT}` },
          idempotency_key: `bench:${round}:${batch}:${index}`,
        })),
      });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

async function headOf(operator: Operator, runId: string): Promise<number> {
  const { run } = await operator.call<{ run: { latest_seq: string } }>(
    'runtime',
    'GET',
    `/v1/runs/${runId}`,
  );
  return Number(run.latest_seq);
}
