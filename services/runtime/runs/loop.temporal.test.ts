import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repeating, traceOf, working } from '#workflows/run/testing/synthetic-tool-traces.ts';
import { type Lab, openLab } from '../../worker/testing/lab.ts';
import {
  sha256Text,
  startTestRuntime,
  type TestPerson,
  type TestRuntime,
} from '../testing/runtime-process.ts';
import { NOTHING_CHANGED, startScriptedHost } from '../testing/scripted-host.ts';

let lab: Lab;
let runtime: TestRuntime;

beforeAll(async () => {
  lab = await openLab();
  await lab.startWorker();
  runtime = await startTestRuntime({ lab });
});
afterAll(async () => {
  await runtime?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

test('an agent that makes the same call for ever is warned about, interrupted, and its work kept', async () => {
  const alice = await runtime.person();
  const host = await startScriptedHost(alice);
  const { run_id } = (await alice.ask('/v1/runs', { json: { spec: TASK } })).json.data;
  const turn = await host.request('turn/start');
  const patch = await storePatch(alice, run_id);

  const looping = new AbortController();
  const posted = postForEver(alice, run_id, looping.signal);
  const interrupt = await host.request('turn/interrupt');
  expect(interrupt.params).toMatchObject({ request_id: turn.request_id });
  looping.abort();
  await posted;
  await host.answer(turn, { ...NOTHING_CHANGED, status: 'interrupted', patch, files_changed: 1 });

  const run = await ended(alice, run_id);
  expect(run).toMatchObject({
    status: 'failed',
    terminal_reason_class: 'loop_detected',
    patch: { sha256: patch.sha256 },
  });
  const { events } = (await alice.ask(`/v1/runs/${run_id}/events?limit=1000`)).json.data;
  const found = events.filter(
    ({ event_type }: { event_type: string }) => event_type === 'run.loop_detected',
  );
  expect(found.map(({ payload }: { payload: object }) => payload)).toMatchObject([
    { detector: 'generic_repeat', level: 'warning', calls: 10 },
    { detector: 'generic_repeat', level: 'critical', reason_code: 'loop_detected.no_progress' },
  ]);
  const { receipt } = (await alice.ask(`/v1/runs/${run_id}/receipt`)).json.data;
  expect(receipt.body).toMatchObject({ status: 'failed', reason_class: 'loop_detected' });
});

test('an agent that gets somewhere may call as often as it likes', async () => {
  const alice = await runtime.person();
  const host = await startScriptedHost(alice);
  const { run_id } = (await alice.ask('/v1/runs', { json: { spec: TASK } })).json.data;
  const turn = await host.request('turn/start');
  await post(alice, run_id, traceOf(working(100)));
  await host.answer(turn, NOTHING_CHANGED);
  expect(await ended(alice, run_id)).toMatchObject({ status: 'succeeded' });
});

const TASK = {
  objective: 'count the files',
  work_unit: 'agent_task',
  agent: { driver: 'command', command: ['true'] },
};

/** One call and its result at a time, until somebody stops it. */
async function postForEver(person: TestPerson, runId: string, signal: AbortSignal): Promise<void> {
  for (let call = 0; !signal.aborted; call += 1) {
    await post(person, runId, traceOf(repeating(1), 1 + 2 * call));
    await sleep(20);
  }
}

async function post(person: TestPerson, runId: string, trace: ReturnType<typeof traceOf>) {
  const events = trace.map(({ event_type, payload }) => ({ event_type, payload }));
  const answer = await person.ask(`/v1/runs/${runId}/events`, { json: { events } });
  expect(answer.status).toBe(200);
}

async function storePatch(person: TestPerson, runId: string) {
  const content = 'diff --git a/a b/a';
  const path = `/v1/runs/${runId}/artifacts/${sha256Text(content)}?kind=patch`;
  return (await person.ask(path, { method: 'PUT', body: content })).json.data.artifact;
}

async function ended(person: TestPerson, runId: string) {
  for (;;) {
    const { run } = (await person.ask(`/v1/runs/${runId}`)).json.data;
    if (['succeeded', 'failed', 'canceled'].includes(run.status)) return run;
    await sleep(50);
  }
}
