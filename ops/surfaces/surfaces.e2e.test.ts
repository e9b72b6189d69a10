/** The table of `scenarios.ts`, cell by cell: every surface is held to the same expectation, on real processes. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, executable, repositoryWithBug } from '../testing/oa.ts';
import { type Operator, signIn } from '../testing/operator.ts';
import {
  removeStack,
  type StackProcess,
  stackDirectory,
  startStackProcess,
} from '../testing/stack-process.ts';
import { agentHostSurface } from './agent-host-surface.ts';
import { type Line, openLine } from './line.ts';
import { nodeClientSurface } from './node-client-surface.ts';
import { oaSurface } from './oa-surface.ts';
import { gapOf, SCENARIOS, type ScenarioName } from './scenarios.ts';
import type { Surface, SurfaceName } from './surface.ts';

const EMAIL = 'everybody@example.invalid';
const STEPS = [1, 2, 3, 4, 5, 6];
const AWAY_MS = 2_000;

let stack: StackProcess;
let src: string;
let observer: Operator;
const lines = new Map<SurfaceName, Line>();
const surfaces = new Map<SurfaceName, Surface>();

beforeAll(async () => {
  stack = await startStackProcess(await stackDirectory());
  src = join(stack.directory, 'src');
  mkdirSync(src);
  repositoryWithBug(join(src, 'app'));
  executable(join(src, 'steps.sh'), 'for n in 1 2 3 4 5 6; do echo "step $n"; sleep 1.5; done');
  executable(join(src, 'waits.sh'), 'echo "step 1"; sleep 300');
  observer = await signIn(stack, EMAIL);
  for (const name of ['oa', 'node client', 'agent host'] as const) {
    lines.set(name, await openLine(stack));
  }
  const common = { email: EMAIL, cwd: src, observer };
  // One after the other: a login's code is the newest that control printed.
  surfaces.set('agent host', await agentHostSurface(stack, lineOf('agent host'), common));
  surfaces.set('oa', await oaSurface(stack, lineOf('oa'), common));
  surfaces.set('node client', await nodeClientSurface(stack, lineOf('node client'), common));
});

afterAll(async () => {
  for (const surface of surfaces.values()) await surface.close();
  for (const line of lines.values()) await line.close();
  await removeStack(stack);
});

function lineOf(name: SurfaceName): Line {
  const line = lines.get(name);
  if (!line) throw new Error(`${name} has no line`);
  return line;
}

interface RunView {
  status: string;
  phase: string;
}

interface LoggedEvent {
  event_type: string;
  payload: Record<string, unknown>;
}

async function runOf(runId: string): Promise<RunView> {
  return (await observer.call<{ run: RunView }>('runtime', 'GET', `/v1/runs/${runId}`)).run;
}

async function eventsOf(runId: string, type: string): Promise<LoggedEvent[]> {
  const path = `/v1/runs/${runId}/events?limit=1000`;
  const { events } = await observer.call<{ events: LoggedEvent[] }>('runtime', 'GET', path);
  return events.filter(({ event_type }) => event_type === type);
}

const inState = (runId: string, status: string) =>
  eventually(async () => (await runOf(runId)).status === status || undefined);
const executing = (runId: string) =>
  eventually(async () => (await eventsOf(runId, 'tool.progress')).length > 0 || undefined);
const happens = (runId: string, type: string) =>
  eventually(async () => (await eventsOf(runId, type))[0]);

const steps = () => [join(src, 'steps.sh')];
const waits = () => [join(src, 'waits.sh')];

function agentsLeft(): string[] {
  const found = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
  return found.split('\n').filter((line) => line.startsWith(`/bin/sh ${src}/waits.sh`));
}
const agentIsGone = () => eventually(() => agentsLeft().length === 0 || undefined);

async function endAsCanceled(runId: string): Promise<void> {
  await observer.call('runtime', 'POST', `/v1/runs/${runId}/cancel`, { reason: 'test' });
  await inState(runId, 'canceled');
}

/** A run that changes its own judge, which has to be approved. */
async function runThatAsks(): Promise<{ runId: string; approvalId: string }> {
  const { run_id: runId } = await observer.call<{ run_id: string }>('runtime', 'POST', '/v1/runs', {
    spec: {
      objective: 'surfaces',
      work_unit: 'verified_patch_bundle',
      repo: { source: join(src, 'app') },
      agent: { driver: 'command', command: ['sh', '-c', 'echo 42 > value.txt; echo : >> test.sh'] },
      verification: { harness: { commands: ['./test.sh'] } },
    },
  });
  const asked = await happens(runId, 'approval.requested');
  return { runId, approvalId: String(asked.payload['approval_id']) };
}

/** What was cut off in the middle and came back: two rows of the table look at it. */
const journeys = new Map<SurfaceName, Promise<{ status: string; seen: number[] }>>();

function journeyOf(surface: Surface) {
  const known = journeys.get(surface.name);
  if (known) return known;
  const journey = cutInTheMiddle(surface);
  journeys.set(surface.name, journey);
  // Whoever asks again after a failure gets another journey.
  journey.catch(() => journeys.delete(surface.name));
  return journey;
}

async function cutInTheMiddle(surface: Surface) {
  const runId = await surface.start(steps());
  const following = surface.follow(runId);
  await eventually(() => following.seen().includes(2) || undefined);
  lineOf(surface.name).down();
  await delay(AWAY_MS);
  lineOf(surface.name).restore();
  await inState(runId, 'succeeded');
  return { status: (await runOf(runId)).status, seen: await following.ended };
}

const CHECKS: Partial<Record<ScenarioName, (surface: Surface) => Promise<void>>> = {
  async 'log in'(surface) {
    expect(await surface.logIn()).toBe(observer.userId);
  },
  async start(surface) {
    const runId = await surface.start(steps());
    await inState(runId, 'succeeded');
  },
  async watch(surface) {
    const following = surface.follow(await surface.start(steps()));
    expect(await following.ended).toEqual(STEPS);
  },
  async 'cut the network'(surface) {
    expect((await journeyOf(surface)).status).toBe('succeeded');
  },
  async resume(surface) {
    expect((await journeyOf(surface)).seen).toEqual(STEPS);
  },
  async approve(surface) {
    const { runId, approvalId } = await runThatAsks();
    await surface.approve(runId, approvalId);
    const { payload } = await happens(runId, 'approval.resolved');
    expect(payload).toMatchObject({ decision: 'approve', resolved_by: `user:${observer.userId}` });
    await happens(runId, 'run.finished');
  },
  async steer(surface) {
    const runId = await surface.start(waits());
    await executing(runId);
    await surface.steer(runId, 'and then this');
    // A command takes nothing while it works: its next turn begins with the message.
    await observer.call('runtime', 'POST', `/v1/runs/${runId}/interrupt`, { reason: 'test' });
    await happens(runId, 'message.delivered');
    await endAsCanceled(runId);
  },
  async interrupt(surface) {
    const runId = await surface.start(waits());
    await executing(runId);
    await surface.interrupt(runId);
    expect((await happens(runId, 'turn.finished')).payload['status']).toBe('interrupted');
    await agentIsGone();
    await endAsCanceled(runId);
  },
  async cancel(surface) {
    const runId = await surface.start(waits());
    await executing(runId);
    await surface.cancel(runId);
    await inState(runId, 'canceled');
    await agentIsGone();
  },
  async 'upgrade required'(surface) {
    expect(await surface.outdated()).toBe('upgrade_required');
  },
};

describe.each(SCENARIOS)('$name', (scenario) => {
  const check = CHECKS[scenario.name];
  const cells = (['oa', 'node client', 'agent host'] as const).filter(
    (name) => gapOf(scenario, name) === undefined,
  );
  if (!check) {
    test('no surface has a cell yet', () => expect(cells).toEqual([]));
    return;
  }
  test.each(cells)(`${scenario.expectation}: %s`, async (name) => {
    const surface = surfaces.get(name);
    if (!surface) throw new Error(`${name} was not opened`);
    await check(surface);
  });
});
