import { rm } from 'node:fs/promises';
import type { StartedWorker } from '../../demo/oa.ts';
import { stackDirectory } from '../../testing/stack-process.ts';
import { type BenchStack, startBenchStack } from '../bench-stack.ts';
import { startLongRun } from '../live-run.ts';
import { type Measure, median } from '../measure.ts';
import { loggedEvent } from './logged-event.ts';

const ROUNDS = 7;
/** What is beyond it is measured, so its length only costs waiting. */
const LEASE_MS = 3_000;

/** A host is killed in the middle of a turn: how long after the end of its lease an agent works elsewhere. */
export async function measureRecovery(): Promise<Measure[]> {
  const directory = await stackDirectory();
  try {
    await using bench = await startBenchStack(directory, {
      env: { OA_WORKER_LEASE_MS: String(LEASE_MS) },
    });
    const beyondMs: number[] = [];
    let alive = bench.host;
    for (let round = 0; round < ROUNDS; round += 1) {
      process.stderr.write(`  round ${round + 1} of ${ROUNDS}\n`);
      const killed = alive;
      const runId = await startLongRun(bench.operator);
      await loggedEvent(bench.operator, runId, 'tool.call', 1);
      // Only now, so that the run is at the host that is killed; and it is another worker by its name.
      alive = await bench.startHost('--name', `host-${round}`);
      beyondMs.push(await killUnder(bench, killed, runId));
      await bench.operator.call('runtime', 'POST', `/v1/runs/${runId}/cancel`, { reason: 'seen' });
    }
    await alive.stop();
    return [recoveryMeasure(beyondMs)];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Milliseconds from the end of the killed host's lease to the first sign of an agent elsewhere. */
async function killUnder(
  { operator }: BenchStack,
  host: StartedWorker,
  runId: string,
): Promise<number> {
  process.kill(host.pid, 'SIGKILL');
  const { worker } = await operator.call<{ worker: { lease_expires_at: string } }>(
    'runtime',
    'GET',
    `/v1/workers/${host.workerId}`,
  );
  const leaseEndMs = Date.parse(worker.lease_expires_at);
  const goesOn = await loggedEvent(operator, runId, 'tool.call', 2);
  return Date.parse(goesOn.recorded_at) - leaseEndMs;
}

function recoveryMeasure(beyondMs: number[]): Measure {
  return {
    name: 'host killed: the run goes on elsewhere, beyond the lease, p50',
    value: median(beyondMs) / 1_000,
    unit: 's',
    better: 'lower',
    goal: 2,
    stretch: 0.5,
    baseline: `absolute, lease of ${LEASE_MS / 1_000} s, slowest of ${beyondMs.length} ${(Math.max(...beyondMs) / 1_000).toFixed(2)} s`,
    samples: { beyond_lease_ms: beyondMs },
  };
}
