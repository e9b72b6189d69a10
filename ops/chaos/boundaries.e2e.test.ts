/**
 * A process dies at each boundary of the platform by its own hand, with SIGKILL, once. The run that crossed it ends as it
 * would have ended, and nothing is lost, doubled or left waiting.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { processesOf } from '#clients/agent-host/testing/left-behind.ts';
import { eventually } from '../testing/oa.ts';
import {
  BOUNDARIES,
  type Boundary,
  boundariesOfStep,
  STEPS_OF_OTHER_RUNS,
  type Victim,
} from './boundaries.ts';
import { type Hosts, startHosts } from './campaign/hosts.ts';
import { openPlatform, type Platform } from './campaign/platform.ts';
import { checkDatabase } from './checker/check.ts';
import type { Expectation } from './checker/check-runs.ts';
import type { Violation } from './checker/violation.ts';
import { tinyRun } from './tiny-run.ts';
import { type Victims, victimsOf } from './victims.ts';

type Scenario = 'verified' | keyof typeof STEPS_OF_OTHER_RUNS;

interface Case extends Boundary {
  scenario: Scenario;
}

const CASES: Case[] = [
  ...BOUNDARIES.map((boundary) => ({ ...boundary, scenario: 'verified' as const })),
  ...Object.entries(STEPS_OF_OTHER_RUNS).flatMap(([scenario, steps]) =>
    steps
      .flatMap(boundariesOfStep)
      .map((boundary) => ({ ...boundary, scenario: scenario as Scenario })),
  ),
];

const AGENTS: Record<Scenario, string> = {
  verified: 'sleep 0.2; echo 42 > value.txt',
  canceled: 'sleep 60',
  lost: 'sleep 3; echo 42 > value.txt',
  asked: 'echo 42 > value.txt; echo new > guarded.txt',
  interrupted: '[ "$OA_TURN" = 1 ] && sleep 60; echo 42 > value.txt',
  looping: 'sleep 60',
};

const ENDS: Record<Scenario, Expectation> = {
  verified: { status: 'succeeded', verdict: 'accepted' },
  canceled: { status: 'canceled', verdict: null },
  lost: { status: 'succeeded', verdict: 'accepted' },
  asked: { status: 'succeeded', verdict: 'accepted' },
  interrupted: { status: 'succeeded', verdict: 'accepted' },
  looping: { status: 'failed', verdict: null },
};

/** Enough of the same call to be a loop. */
const REPEATED_CALLS = 25;

/** Some cases cost the ten seconds after which an attempt is taken for dead, a harness thirty; most of them go on at once. */
const TIMEOUT_MS = 1_200_000;
const RETRY_MS = 200;
const FIRES_WITHIN_MS = 45_000;
const ANSWERED_WITHIN_MS = 120_000;
const MOMENT_MS = 2_000;

let platform: Platform;
let hosts: Hosts;
let victims: Victims;
let violations: Violation[];
const runs = new Map<string, string>();
const fired = new Set<string>();
const scenarios = new Map<string, Scenario>();
let directory: string;

const nameOf = ({ victim, point }: Boundary) => `${victim}.${point}`;

beforeAll(async () => {
  platform = await openPlatform();
  directory = platform.stack.directory;
  hosts = await startHosts(platform.oa, ['one', 'two'], 8);
  victims = victimsOf(platform, hosts);
  const byVictim = Map.groupBy(CASES, ({ victim }) => victim);
  const ends: Promise<void>[] = [];
  await Promise.all(
    [...byVictim.values()].map(async (own) => {
      for (const one of own) ends.push((await cross(one)).end);
    }),
  );
  await Promise.all(ends);
  const { sql, artifactsDirectory } = platform;
  await eventually(async () => {
    const [row] = await sql`select from runtime.worker_requests where state = 'pending'`;
    return row === undefined;
  });
  violations = await checkDatabase({
    ...{ sql, artifactsDirectory, keys: await platform.publishedKeys() },
    promises: { runs: new Set(runs.values()), events: [] },
    expectationOf: (runId) => ENDS[scenarios.get(runId) ?? 'verified'],
  });
}, TIMEOUT_MS);

afterAll(async () => {
  await hosts.stop();
  await platform.remove();
});

/** Arms the boundary, sends a run over it, and waits until the process died there; `end` is that of the run. */
async function cross({ scenario, ...boundary }: Case): Promise<{ end: Promise<void> }> {
  await untilServes(boundary.victim);
  platform.faults.arm(boundary);
  const spec = tinyRun(platform, AGENTS[scenario]);
  const { run_id } = await insist('/v1/runs', { spec });
  const runId = String(run_id);
  runs.set(nameOf(boundary), runId);
  scenarios.set(runId, scenario);
  const happening = happen(scenario, runId);
  const untilMs = Date.now() + FIRES_WITHIN_MS;
  while (!platform.faults.hasFired(boundary) && Date.now() < untilMs) await delay(RETRY_MS);
  if (platform.faults.hasFired(boundary)) fired.add(nameOf(boundary));
  platform.faults.disarm(boundary);
  return { end: happening.then(() => ended(runId)) };
}

/** What somebody does to the run, or what befalls it. */
async function happen(scenario: Scenario, runId: string): Promise<void> {
  switch (scenario) {
    case 'verified':
      return;
    case 'canceled':
      await reached(runId, 'tool.call');
      await insist(`/v1/runs/${runId}/cancel`, { reason: 'not needed' });
      return;
    case 'lost':
      await reached(runId, 'tool.call');
      // Whichever of the two has it.
      for (const pid of Object.values(hosts.pids())) process.kill(pid, 'SIGKILL');
      return;
    case 'asked': {
      await reached(runId, 'approval.requested');
      const [approval] = await platform.sql<{ approval_id: string }[]>`
        select approval_id from runtime.approvals where run_id = ${runId}`;
      const path = `/v1/runs/${runId}/approvals/${approval?.approval_id}`;
      await insist(path, { decision: 'approve', scope: 'once', reason: 'seen' });
      return;
    }
    case 'interrupted':
      await reached(runId, 'tool.call');
      await insist(`/v1/runs/${runId}/interrupt`, { reason: 'another way' });
      await turnIsOver(runId);
      await insist(`/v1/runs/${runId}/messages`, { text: 'go on', mode: 'queue' });
      return;
    case 'looping':
      await reached(runId, 'tool.call');
      await insist(`/v1/runs/${runId}/events`, { events: sameCallAgainAndAgain() });
      return;
  }
}

function sameCallAgainAndAgain() {
  return Array.from({ length: REPEATED_CALLS }, (_, at) => [
    {
      event_type: 'tool.call',
      payload: { tool_call_id: `same-${at}`, tool_name: 'look', input: { at: 'it' } },
      idempotency_key: `same:${at}:call`,
    },
    {
      event_type: 'tool.result',
      payload: {
        tool_call_id: `same-${at}`,
        tool_name: 'look',
        state: 'succeeded',
        output_preview: 'nothing',
      },
      idempotency_key: `same:${at}:result`,
    },
  ]).flat();
}

async function untilServes(victim: Victim): Promise<void> {
  await eventually(async () => (await victims.serves(victim)) || undefined);
}

async function reached(runId: string, eventType: string): Promise<void> {
  await eventually(async () => {
    const [row] = await platform.sql`
      select from runtime.run_events where run_id = ${runId} and event_type = ${eventType} limit 1`;
    return row && true;
  });
}

/** Its worker has answered, and the run had a moment to say that it waits to be told how to go on. */
async function turnIsOver(runId: string): Promise<void> {
  await eventually(async () => {
    const [open] = await platform.sql`
      select from runtime.worker_requests
      where run_id = ${runId} and method = 'turn/start' and state = 'pending'`;
    return open === undefined || undefined;
  });
  await delay(MOMENT_MS);
}

async function ended(runId: string): Promise<void> {
  const untilMs = Date.now() + FIRES_WITHIN_MS * 3;
  while (Date.now() < untilMs) {
    const [run] = await platform.sql`
      select from runtime.runs where run_id = ${runId} and replay is not null`.catch(() => []);
    if (run) return;
    await delay(RETRY_MS);
  }
}

/** What a client does with one idempotency key: asks until it is answered. */
async function insist(path: string, body: unknown): Promise<Record<string, unknown>> {
  const key = randomUUID();
  const untilMs = Date.now() + ANSWERED_WITHIN_MS;
  for (;;) {
    const answer = await platform.ask('POST', path, body, key).catch(() => undefined);
    if (answer && answer.status < 300) return answer.data;
    if (answer?.code === 'invalid_request' || Date.now() > untilMs) {
      throw new Error(`POST ${path}: ${JSON.stringify(answer)}`);
    }
    await delay(RETRY_MS);
  }
}

test.each(CASES)('$victim dies at $point, and its $scenario run ends as it would have', (one) => {
  expect(fired).toContain(nameOf(one));
  const runId = runs.get(nameOf(one));
  expect(violations.filter(({ subject }) => subject === runId)).toEqual([]);
});

test('nothing else was lost, doubled or left waiting either', () => {
  expect(violations).toEqual([]);
  expect(runs.size).toBe(CASES.length);
});

test('no process of an agent is left behind', () => {
  expect(processesOf(directory).filter((command) => command.includes('sleep'))).toEqual([]);
});
