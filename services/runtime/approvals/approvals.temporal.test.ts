import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '#proto/ids.ts';
import { APPROVALS_WAITING_MAX } from '#workflows/run/limits.ts';
import { runWorkflowId } from '#workflows/run/messages.ts';
import { type Lab, openLab } from '../../worker/testing/lab.ts';
import { startTestRuntime, type TestRuntime } from '../testing/runtime-process.ts';
import { NOTHING_CHANGED } from '../testing/scripted-host.ts';
import { startTurn } from '../testing/started-run.ts';

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

test('an agent asks, its owner sees what and why, answers, and the worker is told', async () => {
  const alice = await runtime.person();
  const run = await startTurn(alice);
  const asked = await run.ask('0/exec-1');
  expect([asked.status, asked.json.data.state]).toEqual([200, 'requested']);
  const { approval_id } = asked.json.data;

  const { approvals } = (await alice.ask('/v1/approvals?state=requested')).json.data;
  expect(approvals).toMatchObject([
    {
      approval_id,
      run_id: run.run_id,
      kind: 'command_execution',
      subject: { command: ['npm', 'publish'], cwd: '/work' },
      reason: 'to release it',
      state: 'requested',
      on_timeout: 'deny',
      scopes: ['once', 'run', 'session'],
      turn: 1,
      policy: { decision: 'ask', reason_code: 'policy_denied.consent_required' },
      objective: 'count the files',
    },
  ]);
  expect(approvals[0].policy.evaluation_hash).toMatch(/^sha256:/);
  expect((await alice.ask(`/v1/runs/${run.run_id}`)).json.data.run.phase).toBe('awaiting_approval');

  const answered = await run.answer(approval_id, { decision: 'approve', reason: 'go on' });
  expect([answered.status, answered.json.data.state]).toEqual([200, 'approved']);
  const told = await run.host.request('approval/resolve');
  expect(told.params).toEqual({
    approval_id,
    approval_key: '0/exec-1',
    request_id: run.turn.request_id,
    decision: 'approve',
    scope: 'once',
    reason: 'go on',
    resolved_by: `user:${alice.user_id}`,
  });
  expect((await alice.ask(`/v1/runs/${run.run_id}`)).json.data.run.phase).toBe('executing');
  const kinds = await lab.sql<{ kind: string }[]>`
    select e.kind from runtime.sync_events e join runtime.sync_topics t using (topic_id)
    where t.topic = ${`user:${alice.user_id}:notifications`} order by e.seq`;
  expect(kinds.map(({ kind }) => kind)).toEqual(['approval.requested', 'approval.resolved']);
});

test('two people who answer at once: one answer stands, the other is told whose', async () => {
  const alice = await runtime.person();
  const run = await startTurn(alice);
  const { approval_id } = (await run.ask('0/1')).json.data;
  const answers = await Promise.all([
    run.answer(approval_id, { decision: 'approve' }),
    run.answer(approval_id, { decision: 'deny' }),
  ]);
  const [first, second] = answers.sort((a, b) => a.status - b.status);
  expect(first?.status).toBe(200);
  expect([second?.status, second?.json.code]).toEqual([409, 'approval_not_pending']);
  expect(second?.json.detail).toContain(`user:${alice.user_id} ${first?.json.data.state} it at`);
  const resolved = (await run.events()).filter((e) => e.event_type === 'approval.resolved');
  expect(resolved).toHaveLength(1);
});

test('the same key is answered again as before; asking again under another key asks nobody anew', async () => {
  const run = await startTurn(await runtime.person());
  const asked = await run.ask('0/1');
  expect((await run.ask('0/1')).text).toBe(asked.text);
  const { approval_id } = asked.json.data;
  const other = await run.ask('0/1', {}, newId('req'));
  expect(other.json.data).toEqual(asked.json.data);
  const json = { decision: 'approve' };
  const answered = await run.answer(approval_id, json, 'mine');
  const again = await run.answer(approval_id, json, 'mine');
  expect([again.status, again.text]).toEqual([answered.status, answered.text]);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect((await run.ask('0/1', {}, newId('req'))).json.data.state).toBe('approved');
});

test('whoever has no right to the run learns nothing, and members only look', async () => {
  const org_id = newId('org');
  const alice = await runtime.person({ org_id });
  const run = await startTurn(alice, { org_id });
  const other = await startTurn(alice);
  const { approval_id } = (await run.ask('0/1')).json.data;
  const json = { decision: 'approve' };
  const elsewhere = await other.answer(approval_id, json);
  expect([elsewhere.status, elsewhere.json.detail]).toEqual([404, 'No such approval.']);
  const path = `/v1/runs/${run.run_id}/approvals`;
  const stranger = await runtime.person();
  expect((await stranger.ask(`${path}/${approval_id}`, { json })).status).toBe(404);
  expect((await stranger.ask(path)).status).toBe(404);
  expect((await stranger.ask('/v1/approvals')).json.data.approvals).toEqual([]);
  const colleague = await runtime.person({ org_id });
  expect((await colleague.ask(`${path}/${approval_id}`, { json })).status).toBe(403);
  expect((await colleague.ask(path)).json.data.approvals).toMatchObject([{ approval_id }]);
  const asks = { request_id: run.turn.request_id, approval_key: 'x', kind: 'other' };
  expect((await colleague.ask(path, { json: asks })).status).toBe(404);
});

test('an answer reaches as far as its scope: this question, the run, the thread', async () => {
  const alice = await runtime.person();
  const run = await startTurn(alice);
  const { approval_id } = (await run.ask('0/1')).json.data;
  await run.answer(approval_id, { decision: 'approve', scope: 'run' });
  const covered = (await run.ask('0/2')).json.data;
  expect(covered).toMatchObject({ state: 'approved', decision: 'approve', scope: 'once' });
  const resolved = await run.event(
    'approval.resolved',
    (p) => p['approval_id'] === covered.approval_id,
  );
  expect(resolved.payload).toMatchObject({
    resolved_by: `grant:${approval_id}`,
    kind: 'command_execution',
    subject: 'npm publish',
  });
  const files = { kind: 'file_change', rule_key: 'file:src/a.ts', subject: { path: 'src/a.ts' } };
  const second = (await run.ask('0/3', files)).json.data;
  expect(second.state).toBe('requested');
  await run.answer(second.approval_id, { decision: 'approve', scope: 'session' });
  await run.host.answer(run.turn, NOTHING_CHANGED);
  await run.event('run.finished');

  const next = await startTurn(alice, { thread_id: run.thread_id });
  expect((await next.ask('0/1')).json.data.state).toBe('requested');
  expect((await next.ask('0/2', files)).json.data).toMatchObject({ state: 'approved' });
});

test('an answer wider than the agent can honour, or a wide denial, is refused with its path', async () => {
  const run = await startTurn(await runtime.person());
  const { approval_id } = (await run.ask('0/1', { scopes: ['once'] })).json.data;
  for (const json of [
    { decision: 'approve', scope: 'session' },
    { decision: 'deny', scope: 'run' },
  ]) {
    const refused = await run.answer(approval_id, json);
    expect([refused.status, refused.json.errors[0].path]).toEqual([422, '$.scope']);
  }
  expect((await run.answer(approval_id, { decision: 'deny' })).json.data.state).toBe('denied');
});

test('with its turn a question loses its point, and is never answered', async () => {
  const run = await startTurn(await runtime.person());
  const { approval_id } = (await run.ask('0/1')).json.data;
  const [answered] = await Promise.all([
    run.host.answer(run.turn, NOTHING_CHANGED),
    run.event('approval.superseded'),
  ]);
  expect(answered.status).toBe(200);
  const late = await run.answer(approval_id, { decision: 'approve' });
  expect([late.status, late.json.code]).toEqual([409, 'approval_not_pending']);
  expect(late.json.detail).toContain('its turn ended');
  const again = await run.ask('0/2');
  expect([again.status, again.json.code]).toEqual([409, 'conflict']);
  const requests = await run.owner.ask(`/v1/workers/${run.host.worker_id}/requests`);
  const methods = requests.json.data.requests.map(({ method }: { method: string }) => method);
  expect(methods).not.toContain('approval/resolve');
});

test('an agent that was started anew ends what it asked before', async () => {
  const run = await startTurn(await runtime.person());
  const before = (await run.ask('0/1')).json.data.approval_id;
  const after = (await run.ask('1/1')).json.data.approval_id;
  const late = await run.answer(before, { decision: 'approve' });
  expect([late.status, late.json.code]).toEqual([409, 'approval_not_pending']);
  expect((await run.answer(after, { decision: 'approve' })).status).toBe(200);
});

test('a host that was started anew within its lease: what its agent asked before is superseded at once', async () => {
  const run = await startTurn(await runtime.person());
  const { worker_id } = run.host;
  const before = (await run.ask('0/1')).json.data.approval_id;
  const back = await run.owner.ask('/v1/workers', { json: { worker_id, adapter: 'command' } });
  expect(back.status).toBe(200);
  const superseded = await run.event('approval.superseded');
  expect(superseded.payload).toMatchObject({
    approval_id: before,
    reason: 'its host was started anew',
  });
  const late = await run.answer(before, { decision: 'approve' });
  expect([late.status, late.json.code]).toEqual([409, 'approval_not_pending']);

  // The lease was never lost, and what the new life asks is answered.
  const after = (await run.ask('1/1')).json.data.approval_id;
  expect((await run.answer(after, { decision: 'approve' })).status).toBe(200);
  const told = await run.host.request('approval/resolve');
  expect(told.params).toMatchObject({ approval_id: after });
  const kinds = (await run.events()).map(({ event_type }) => event_type);
  expect(kinds).not.toContain('run.executor_lost');
  expect(kinds.filter((kind) => kind === 'approval.superseded')).toHaveLength(1);
});

test('an agent that asks a thousand times costs a bounded amount of work and history', async () => {
  const run = await startTurn(await runtime.person());
  const codes: Record<string, number> = {};
  for (let batch = 0; batch < 100; batch += 1) {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => run.ask(`0/${batch}-${index}`)),
    );
    for (const { status, json } of answers) {
      const code = status === 200 ? json.data.state : json.code;
      codes[code] = (codes[code] ?? 0) + 1;
    }
  }
  expect(codes['requested']).toBeLessThanOrEqual(APPROVALS_WAITING_MAX);
  expect((codes['requested'] ?? 0) + (codes['limit_exceeded'] ?? 0)).toBe(1_000);
  const description = await lab.client.workflow.getHandle(runWorkflowId(run.run_id)).describe();
  expect(description.historyLength).toBeLessThan(600);
  const [rows] = await lab.sql<{ count: number }[]>`
    select count(*)::int4 as count from runtime.approvals where run_id = ${run.run_id}`;
  expect(rows?.count).toBe(codes['requested']);
});
