import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { KhalaClient } from '#clients/khala/types.ts';
import { parseId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import type { Operator } from '../../testing/operator.ts';
import {
  type StackProcess,
  stackDirectory,
  startStackProcess,
} from '../../testing/stack-process.ts';
import { signInForBench } from '../bench-stack.ts';
import { khalaClientOf } from '../khala-client.ts';
import { startLongRun, untilExecuting } from '../live-run.ts';
import { type Measure, median, quantile } from '../measure.ts';
import { cpuMsOfTrees } from '../process-tree.ts';
import { type FleetBatch, type FleetTask, machineMs } from './fleet-host.ts';

const HOSTS = 8;
const RUNS = 400;
const RUNS_PER_HOST = RUNS / HOSTS;
const CLIENTS = 4;
const INTERVAL_MS = 250;
const EVENTS_PER_INTERVAL = 5;
const WARM_UP_MS = 5_000;
const MEASURED_MS = 10_000;
/** Each once with the batches of a host gathered in requests, once without. */
const ROUNDS = 3;
/** Time for the hosts' processes to start. */
const BEGIN_AFTER_MS = 3_000;
/** Few: they are made while hosts and clients are set up, and nothing is measured yet. */
const RUNS_CREATED_AT_ONCE = 4;
const LEASE_RENEW_MS = 15_000;
const SETTLE_TIMEOUT_MS = 30_000;

/** Many live runs at once: hosts of one process each, clients that follow every run, everything on this machine. */
export async function measureFleet(): Promise<Measure[]> {
  const directory = await stackDirectory();
  try {
    const stack = await startStackProcess(directory);
    try {
      return await onStack(stack, await signInForBench(stack));
    } finally {
      await stack.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function onStack(stack: StackProcess, operator: Operator): Promise<Measure[]> {
  const hosts = await Promise.all(Array.from({ length: HOSTS }, () => registerHost(operator)));
  const renewing = setInterval(
    () => void Promise.all(hosts.map((host) => host.renew())),
    LEASE_RENEW_MS,
  );
  const clients: KhalaClient[] = [];
  try {
    process.stderr.write(`  ${RUNS} runs\n`);
    const runIds = await liveRuns(
      operator,
      hosts.map(({ workerId }) => workerId),
    );
    const received = new Map<string, number>();
    for (let client = 0; client < CLIENTS; client += 1) {
      const mine = runIds.filter((_, index) => index % CLIENTS === client);
      clients.push(await follow(stack, operator, mine, received));
    }
    process.stderr.write(`  ${RUNS} runs live, ${CLIENTS} clients follow them\n`);
    const fleet = { stack, operator, runIds, received };
    await fleetRound(fleet, { name: 'warm', durationMs: WARM_UP_MS, gathered: true });
    const rounds: { alone: FleetRound; gathered: FleetRound }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const of = (gathered: boolean) =>
        fleetRound(fleet, { name: `${round} ${gathered}`, durationMs: MEASURED_MS, gathered });
      rounds.push({ alone: await of(false), gathered: await of(true) });
    }
    return [latencyMeasure(rounds.map(({ gathered }) => gathered)), costMeasure(rounds)];
  } finally {
    clearInterval(renewing);
    await Promise.all(clients.map((client) => client.close()));
  }
}

interface RegisteredHost {
  workerId: string;
  renew(): Promise<unknown>;
}

async function registerHost(operator: Operator): Promise<RegisteredHost> {
  const { worker } = await operator.call<{ worker: { worker_id: string; lease_epoch: string } }>(
    'runtime',
    'POST',
    '/v1/workers',
    { adapter: 'command' },
  );
  const { worker_id, lease_epoch } = worker;
  return {
    workerId: worker_id,
    renew: () =>
      operator.call('runtime', 'POST', `/v1/workers/${worker_id}/heartbeat`, { lease_epoch }),
  };
}

/** Runs in the middle of their first turn, shared among the hosts in the order of their ids. */
async function liveRuns(operator: Operator, workerIds: string[]): Promise<string[]> {
  const runIds: string[] = [];
  let next = 0;
  const lane = async () => {
    while (next < RUNS) {
      const index = next;
      next += 1;
      const worker = workerIds[Math.floor(index / RUNS_PER_HOST)];
      runIds[index] = await startLongRun(operator, worker);
    }
  };
  await Promise.all(Array.from({ length: RUNS_CREATED_AT_ONCE }, lane));
  for (const runId of runIds) await untilExecuting(operator, runId);
  return runIds;
}

type Received = Map<string, number>;

/** Follows runs from now on; notes when each of their events arrived. */
async function follow(
  stack: StackProcess,
  operator: Operator,
  runIds: string[],
  received: Received,
): Promise<KhalaClient> {
  const client = await khalaClientOf(stack, operator);
  await Promise.all(
    runIds.map(
      (runId) =>
        new Promise<void>((onCaughtUp) => {
          client.subscribe(topics.runEvents(parseId('run', runId)), {
            onCaughtUp: () => onCaughtUp(),
            onEvent: ({ seq }) => {
              received.set(`${runId} ${seq}`, machineMs());
            },
          });
        }),
    ),
  );
  return client;
}

interface Fleet {
  stack: StackProcess;
  operator: Operator;
  runIds: string[];
  received: Received;
}

interface FleetRound {
  /** Receive minus acknowledge of every event. */
  latencyMs: number[];
  /** From a batch's departure to its acknowledgement. */
  appendMs: number[];
  eventsPerSecond: number;
  cpuShare: number;
}

async function fleetRound(
  fleet: Fleet,
  of: Pick<FleetTask, 'name' | 'durationMs' | 'gathered'>,
): Promise<FleetRound> {
  const { stack, operator, runIds, received } = fleet;
  const beginAtMs = machineMs() + BEGIN_AFTER_MS;
  const tasks = Array.from(
    { length: HOSTS },
    (_, host): FleetTask => ({
      runtime: stack.state().addresses['runtime'] ?? '',
      accessToken: operator.accessToken,
      ...of,
      runIds: runIds.slice(host * RUNS_PER_HOST, (host + 1) * RUNS_PER_HOST),
      ...{ beginAtMs, intervalMs: INTERVAL_MS, eventsPerInterval: EVENTS_PER_INTERVAL },
    }),
  );
  const pid = stack.child.pid ?? 0;
  const cpuBeforeMs = cpuMsOfTrees(pid);
  const sent = await Promise.all(
    tasks.map(async (task) => ({ task, batches: await runHost(task) })),
  );
  const cpuMs = cpuMsOfTrees(pid) - cpuBeforeMs;
  const acked = new Map<string, number>();
  for (const { task, batches } of sent) {
    for (const [run, lastSeq, events, , ackMs] of batches) {
      for (let seq = lastSeq - events + 1; seq <= lastSeq; seq += 1) {
        acked.set(`${task.runIds[run]} ${seq}`, ackMs);
      }
    }
  }
  await untilAllArrived(acked, received);
  const batches = sent.flatMap((one) => one.batches);
  const endedMs = Math.max(...batches.map(([, , , , ackMs]) => ackMs));
  return {
    latencyMs: [...acked].map(([key, ackMs]) => (received.get(key) ?? Number.NaN) - ackMs),
    appendMs: batches.map(([, , , sentMs, ackMs]) => ackMs - sentMs),
    eventsPerSecond: acked.size / ((endedMs - beginAtMs) / 1_000),
    cpuShare: cpuMs / (endedMs - beginAtMs),
  };
}

async function runHost(task: FleetTask): Promise<FleetBatch[]> {
  const host = spawn(process.execPath, [join(import.meta.dirname, 'fleet-host.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  host.stdin.end(JSON.stringify(task));
  return JSON.parse(await text(host.stdout)) as FleetBatch[];
}

async function untilAllArrived(
  acked: ReadonlyMap<string, number>,
  received: Received,
): Promise<void> {
  const endMs = machineMs() + SETTLE_TIMEOUT_MS;
  const missing = () => [...acked.keys()].filter((key) => !received.has(key)).length;
  while (missing() > 0) {
    if (machineMs() > endMs) throw new Error(`${missing()} acknowledged events did not arrive`);
    await delay(100);
  }
}

/** CPU of the whole stack for an event. */
function costMeasure(rounds: readonly { alone: FleetRound; gathered: FleetRound }[]): Measure {
  const cost = ({ cpuShare, eventsPerSecond }: FleetRound) => (cpuShare * 1e6) / eventsPerSecond;
  const alone = rounds.map((round) => cost(round.alone));
  const gathered = rounds.map((round) => cost(round.gathered));
  return {
    name: `CPU of the stack for an event of ${RUNS} live runs, a host's batches gathered`,
    value: median(gathered.map((ms, index) => ms / (alone[index] ?? Number.NaN))),
    unit: '×',
    better: 'lower',
    goal: 1,
    stretch: 0.5,
    baseline: `a request for each run's batch, ${median(alone).toFixed(0)} ms of CPU per 1,000 events (gathered ${median(gathered).toFixed(0)} ms), in turns`,
    samples: { alone_ms: alone, gathered_ms: gathered },
  };
}

function latencyMeasure(rounds: readonly FleetRound[]): Measure {
  const latencyMs = rounds.flatMap((round) => round.latencyMs);
  const appendMs = rounds.flatMap((round) => round.appendMs);
  const eventsPerSecond = median(rounds.map((round) => round.eventsPerSecond));
  const cpuShare = median(rounds.map((round) => round.cpuShare));
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  return {
    name: `${RUNS} live runs from ${HOSTS} hosts: receive minus acknowledge, p99`,
    value: quantile(latencyMs, 0.99),
    unit: 'ms',
    better: 'lower',
    goal: 50,
    stretch: 15,
    baseline:
      `absolute, ${eventsPerSecond.toFixed(0)} events/s of ${(RUNS * EVENTS_PER_INTERVAL * 1_000) / INTERVAL_MS} asked for, ` +
      `p50 ${ms(median(latencyMs))}; append p50 ${ms(median(appendMs))}, p99 ${ms(quantile(appendMs, 0.99))}; ` +
      `the stack took ${cpuShare.toFixed(2)} cores, ${((cpuShare * 1_000_000) / eventsPerSecond).toFixed(0)} ms of CPU per 1,000 events`,
    samples: { append_ms: appendMs.map(Math.round), latency_ms: latencyMs.map(Math.round) },
  };
}
