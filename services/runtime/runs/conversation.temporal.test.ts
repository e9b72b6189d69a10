import { afterAll, beforeAll, expect, test } from 'vitest';
import { runWorkflowId } from '#workflows/run/messages.ts';
import { type Lab, openLab } from '../../worker/testing/lab.ts';
import { startTestRuntime, type TestRuntime } from '../testing/runtime-process.ts';
import { NOTHING_CHANGED } from '../testing/scripted-host.ts';
import { type StartedRun, startTurn } from '../testing/started-run.ts';

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

const INTERRUPTED = { ...NOTHING_CHANGED, status: 'interrupted' };

test('words for the turn under way reach its agent at once, and no history holds them', async () => {
  const run = await startTurn(await runtime.person());
  const posted = await run.post('/messages', { text: 'use the small parser' });
  expect([posted.status, posted.json.data]).toMatchObject([202, { mode: 'steer', turn: 1 }]);
  const steer = await run.host.request('turn/steer');
  const { message_id } = posted.json.data;
  expect(steer.params).toEqual({
    request_id: run.turn.request_id,
    turn: 1,
    message_id,
    text: 'use the small parser',
  });
  await run.host.answer(steer, { delivered: true });
  await run.host.answer(run.turn, NOTHING_CHANGED);
  const { payload } = await run.event('message.delivered');
  expect(payload).toEqual({ message_id, mode: 'steer', turn: 1 });
  expect((await run.event('run.finished')).payload).toMatchObject({ status: 'succeeded' });
  const history = await lab.client.workflow.getHandle(runWorkflowId(run.run_id)).fetchHistory();
  expect(JSON.stringify(history)).not.toContain(Buffer.from('small parser').toString('base64'));
  expect(await messages(run)).toEqual(['use the small parser']);
});

test('words that the agent could not take are the beginning of the next turn', async () => {
  const run = await startTurn(await runtime.person());
  await run.post('/messages', { text: 'first' });
  const steer = await run.host.request('turn/steer');
  await run.host.refuse(steer, { code: 'conflict', message: 'a command cannot be steered' });
  await run.post('/messages', { text: 'second' });
  await run.post('/messages', { text: 'third', mode: 'queue' });
  // The second is never answered: the end of its turn settles it.
  await run.host.answer(run.turn, NOTHING_CHANGED);
  const next = await run.host.request('turn/start');
  expect(texts(next.params)).toEqual(['first', 'second', 'third']);
  expect(next.params).toMatchObject({ turn: 2 });
  await run.host.answer(next, NOTHING_CHANGED);
  expect((await run.event('run.finished')).payload).toMatchObject({ status: 'succeeded' });
  const delivered = (await run.events()).filter((e) => e.event_type === 'message.delivered');
  expect(delivered.map(({ payload }) => payload?.['mode'])).toEqual([
    'steer',
    'steer',
    'queue',
    'queue',
    'queue',
  ]);
});

test('an interrupted run waits to be told how to go on, and a run that ended tells so', async () => {
  const run = await startTurn(await runtime.person());
  const asked = await run.post('/interrupt', { reason: 'wrong direction' });
  expect([asked.status, asked.json.data.turn]).toEqual([202, 1]);
  expect((await run.post('/interrupt', { reason: 'again' })).status).toBe(202);
  const interrupt = await run.host.request('turn/interrupt');
  expect(interrupt.params).toMatchObject({ request_id: run.turn.request_id, turn: 1 });
  await run.host.answer(interrupt, { interrupted: true });
  await run.host.answer(run.turn, INTERRUPTED);
  await run.event('run.phase_changed', (p) => p['phase'] === 'awaiting_message');
  const idle = await run.post('/interrupt', { reason: 'nothing is under way' });
  expect([idle.status, idle.json.code]).toEqual([409, 'conflict']);
  const posted = await run.post('/messages', { text: 'go left', mode: 'steer' });
  expect(posted.json.data).toMatchObject({ mode: 'queue', turn: 0 });
  const next = await run.host.request('turn/start');
  expect(texts(next.params)).toEqual(['go left']);
  await run.host.answer(next, NOTHING_CHANGED);
  await run.event('run.finished');
  for (const path of ['/messages', '/interrupt']) {
    const late = await run.post(path, path === '/messages' ? { text: 'too late' } : {});
    expect([late.status, late.json.code]).toEqual([409, 'run_closed']);
  }
  expect(await messages(run)).toEqual(['go left']);
});

test('a message while a turn ends is heard in this turn or in the next', async () => {
  const run = await startTurn(await runtime.person());
  const [, posted] = await Promise.all([
    run.host.answer(run.turn, NOTHING_CHANGED),
    run.post('/messages', { text: 'wait' }),
  ]);
  if (posted.status === 202) {
    const next = await run.host.request('turn/start');
    expect(texts(next.params)).toEqual(['wait']);
    await run.host.answer(next, NOTHING_CHANGED);
  } else {
    expect([posted.status, posted.json.code]).toEqual([409, 'run_closed']);
    expect(await messages(run)).toEqual([]);
  }
  await run.event('run.finished');
});

test('a message that no turn could be told is refused, and changes nothing', async () => {
  const run = await startTurn(await runtime.person(), { limits: { turns_max: 1 } });
  const large = await run.post('/messages', { text: 'x'.repeat(10 * 1024 * 1024) });
  expect([large.status, large.json.code]).toEqual([413, 'payload_too_large']);
  const long = await run.post('/messages', { text: 'x'.repeat(20_001) });
  expect([long.status, long.json.errors[0].path]).toEqual([422, '$.text']);
  const wide = await run.post('/messages', { text: '\u0001'.repeat(20_000) });
  expect([wide.status, wide.json.code]).toEqual([413, 'payload_too_large']);
  const beyond = await run.post('/messages', { text: 'once more', mode: 'queue' });
  expect([beyond.status, beyond.json.code]).toEqual([409, 'limit_exceeded']);
  expect(beyond.json.detail).toContain('1 turns');
  expect(await messages(run)).toEqual([]);
});

test('messages that do not fit into one turn wait for the turn after, in order', async () => {
  const run = await startTurn(await runtime.person());
  const text = (name: string) => name.repeat(18_000);
  for (const name of ['a', 'b', 'c', 'd']) {
    await run.post('/messages', { text: text(name), mode: 'queue' });
  }
  await run.host.answer(run.turn, NOTHING_CHANGED);
  const second = await run.host.request('turn/start');
  expect(texts(second.params)).toEqual(['a', 'b', 'c'].map(text));
  await run.host.answer(second, NOTHING_CHANGED);
  const third = await run.host.request('turn/start');
  expect(texts(third.params)).toEqual([text('d')]);
});

test('what is said in a thread goes to the run under way there', async () => {
  const run = await startTurn(await runtime.person());
  const json = { text: 'from the thread', mode: 'queue' };
  const posted = await run.owner.ask(`/v1/threads/${run.thread_id}/messages`, { json });
  expect([posted.status, posted.json.data]).toMatchObject([
    202,
    { run_id: run.run_id, mode: 'queue', turn: 0, message: { text: 'from the thread' } },
  ]);
  await run.host.answer(run.turn, NOTHING_CHANGED);
  expect(texts((await run.host.request('turn/start')).params)).toEqual(['from the thread']);
});

test('the agent goes on with its own thread at the worker that keeps it; a fork begins a copy', async () => {
  const alice = await runtime.person();
  const run = await startTurn(alice);
  expect(run.turn.params).not.toHaveProperty('agent_thread');
  await run.post('/messages', { text: 'one', mode: 'queue' });
  await run.host.answer(run.turn, { ...NOTHING_CHANGED, agent_thread_id: 'agent-1' });
  const second = await run.host.request('turn/start');
  expect(second.params).toMatchObject({ agent_thread: { id: 'agent-1', fork: false } });
  await run.host.answer(second, { ...NOTHING_CHANGED, agent_thread_id: 'agent-1' });
  await run.event('run.finished');
  const path = `/v1/threads/${run.thread_id}`;
  const { thread } = (await alice.ask(path)).json.data;
  expect(thread).toMatchObject({
    agent_thread_id: 'agent-1',
    agent_worker_id: run.host.worker_id,
  });

  const forked = await alice.ask(`${path}/fork`, { json: {} });
  expect([forked.status, forked.json.data.thread]).toMatchObject([
    201,
    { forked_from_thread_id: run.thread_id, message_count: 1, agent_thread_id: 'agent-1' },
  ]);
  const { thread_id } = forked.json.data.thread;
  const copied = await alice.ask(`/v1/threads/${thread_id}/messages`);
  expect(copied.json.data.messages).toMatchObject([{ text: 'one', thread_id }]);
  const created = await alice.ask('/v1/runs', {
    json: {
      spec: {
        objective: 'go on',
        work_unit: 'agent_task',
        agent: { driver: 'codex' },
        worker: { worker_id: run.host.worker_id },
        thread_id,
      },
    },
  });
  expect(created.status).toBe(201);
  const third = await run.host.request('turn/start');
  expect(third.params).toMatchObject({ agent_thread: { id: 'agent-1', fork: true } });
  await run.host.answer(third, { ...NOTHING_CHANGED, agent_thread_id: 'agent-2' });
  const unknown = await alice.ask(`${path}/fork`, { json: { at_message_id: 'msg_none' } });
  expect([unknown.status, unknown.json.errors[0].path]).toEqual([422, '$.at_message_id']);
  const stranger = await runtime.person();
  expect((await stranger.ask(`${path}/fork`, { json: {} })).status).toBe(404);
});

async function messages({ owner, thread_id }: StartedRun): Promise<string[]> {
  const { json } = await owner.ask(`/v1/threads/${thread_id}/messages`);
  return json.data.messages.map(({ text }: { text: string }) => text);
}

function texts(params: Record<string, unknown> | undefined): string[] {
  const told = (params?.['messages'] ?? []) as { text: string }[];
  return told.map(({ text }) => text);
}
