import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyReceipt } from '#proto/receipt.ts';
import { runWorkflowId } from '#workflows/run/messages.ts';
import { type Lab, openLab } from '../../worker/testing/lab.ts';
import {
  sha256Text,
  startTestRuntime,
  type TestPerson,
  type TestRuntime,
} from '../testing/runtime-process.ts';
import { NOTHING_CHANGED, startScriptedHost } from '../testing/scripted-host.ts';

const TASK = {
  objective: 'count the files',
  work_unit: 'agent_task',
  agent: { driver: 'command', command: ['true'] },
};

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

test('a run is created, dispatched, answered, and leaves a receipt and a replay', async () => {
  const alice = await runtime.person();
  const host = await startScriptedHost(alice);
  const created = await create(alice);
  expect(created.status).toBe(201);
  const { run_id, topic, seq, epoch, history_url } = created.json.data;
  expect({ topic, seq }).toEqual({ topic: `run:${run_id}:events`, seq: '1' });
  expect(epoch).toMatch(/^[0-9a-f-]{36}$/);
  expect(history_url).toContain(`/workflows/run%2F${run_id}`);

  const { run: seen } = (await alice.ask(`/v1/runs/${run_id}`)).json.data;
  const { thread } = (await alice.ask(`/v1/threads/${seen.thread_id}`)).json.data;
  expect(thread.active_run_id).toBe(run_id);

  const early = await alice.ask(`/v1/runs/${run_id}/receipt`);
  expect([early.status, early.json.code]).toEqual([409, 'not_ready']);
  const answered = await host.answer(await host.request('turn/start'), NOTHING_CHANGED);
  expect(answered.status).toBe(200);
  const run = await settled(alice, run_id);
  expect(run).toMatchObject({ status: 'succeeded', terminal_reason_class: 'completed' });

  const { receipt } = (await alice.ask(`/v1/runs/${run_id}/receipt`)).json.data;
  const keys = (await runtime.anonymous('/.well-known/jwks.json')).json;
  expect(await verifyReceipt(receipt, keys)).toMatchObject({ ok: true });
  const replay = await alice.ask(`/v1/runs/${run_id}/replay`);
  expect(replay.headers.get('content-type')).toBe('application/x-ndjson');
  const plain = await alice.ask(`/v1/runs/${run_id}/replay`, {
    headers: { 'accept-encoding': 'identity' },
  });
  expect([plain.headers.get('content-encoding'), plain.text]).toEqual([null, replay.text]);
  const lines = replay.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).type);
  // As in the moment between the end of the run and its derived file.
  await lab.owner`update runtime.runs set replay = null where run_id = ${run_id}`;
  const live = await alice.ask(`/v1/runs/${run_id}/replay`);
  expect(live.text.split('\n').slice(1)).toEqual(replay.text.split('\n').slice(1));
  expect([lines[0], lines[1], lines.at(-1)]).toEqual([
    'ReplayHeader',
    'SessionStart',
    'SessionEnd',
  ]);
});

test('the workflow continues the trace of the request that started it', async () => {
  const alice = await runtime.person();
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const created = await create(alice, TASK, undefined, { traceparent });
  expect(created.headers.get('traceparent')).toContain('0af7651916cd43dd8448eb211c80319c');
  const handle = lab.client.workflow.getHandle(runWorkflowId(created.json.data.run_id));
  const { events } = await handle.fetchHistory();
  const header = events?.[0]?.workflowExecutionStartedEventAttributes?.header?.fields;
  const data = header?.['_tracer-data']?.data;
  expect(Buffer.from(data ?? '').toString()).toContain('0af7651916cd43dd8448eb211c80319c');
});

test('the same key is the same run, byte for byte; two at once are one run', async () => {
  const alice = await runtime.person();
  const key = 'create-once';
  const both = await Promise.all([create(alice, TASK, key), create(alice, TASK, key)]);
  const [winner, other] = both.sort((a, b) => a.status - b.status);
  expect(winner?.status).toBe(201);
  expect([201, 409]).toContain(other?.status);
  if (other?.status === 409) expect(other.json.code).toBe('idempotency_in_progress');
  const again = await create(alice, TASK, key);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(again.text).toBe(winner?.text);
  const { runs } = (await alice.ask('/v1/runs')).json.data;
  expect(runs).toHaveLength(1);
  const reused = await create(alice, { ...TASK, objective: 'another' }, key);
  expect([reused.status, reused.json.code]).toEqual([422, 'idempotency_conflict']);
});

test('a retry after a crash between the start and the answer finds the run it started', async () => {
  const alice = await runtime.person();
  const first = await create(alice, TASK, 'crashed');
  // As a crash leaves it: the workflow runs, the key is still claimed, its lease is over.
  await lab.owner`
    update runtime.idempotency_keys set state = 'in_progress', status = null, headers = null, body = null,
      expires_at = null, lease_until = now() - interval '1 second' where key = 'crashed'`;
  const second = await create(alice, TASK, 'crashed');
  expect(second.status).toBe(201);
  expect(second.json.data.run_id).toBe(first.json.data.run_id);
  const created = await lab.sql`
    select count(*)::int4 as count from runtime.run_events
    where run_id = ${first.json.data.run_id} and event_type = 'run.created'`;
  expect(created[0]?.['count']).toBe(1);
});

test('a cancel is durable at once; a second one on the ended run is a conflict', async () => {
  const alice = await runtime.person();
  const { run_id } = (await create(alice)).json.data;
  const canceled = await alice.ask(`/v1/runs/${run_id}/cancel`, {
    json: { reason: 'changed my mind' },
  });
  expect(canceled.status).toBe(202);
  expect(canceled.json.data).toMatchObject({ run_id, cancel_requested: true });
  expect(canceled.json.receipt.positions[0].topic).toBe(`run:${run_id}:events`);
  expect(await settled(alice, run_id)).toMatchObject({ status: 'canceled' });
  await lab.client.workflow.getHandle(runWorkflowId(run_id)).result();
  const late = await alice.ask(`/v1/runs/${run_id}/cancel`, { json: {} });
  expect([late.status, late.json.code]).toEqual([409, 'conflict']);
  const append = { events: [{ event_type: 'text.delta', idempotency_key: 'late' }] };
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const closed = await alice.ask(`/v1/runs/${run_id}/events`, { json: append });
    expect([closed.status, closed.json.code]).toEqual([409, 'run_closed']);
  }
  const kept = await lab.sql`
    select event_type, idempotency_key from runtime.late_results where run_id = ${run_id}`;
  expect([...kept]).toEqual([{ event_type: 'text.delta', idempotency_key: 'late' }]);
});

test('a patch that edits its judge waits for its owner, who answers once', async () => {
  const alice = await runtime.person();
  const host = await startScriptedHost(alice);
  const { run_id } = (
    await create(alice, {
      ...TASK,
      work_unit: 'verified_patch_bundle',
      repo: { source: './repo' },
      verification: { harness: { commands: ['touches-tests'] } },
    })
  ).json.data;
  const turn = await host.request('turn/start');
  const patch = await storeArtifact(alice, run_id, 'patch', 'diff');
  const repo_bundle = await storeArtifact(alice, run_id, 'repo_bundle', 'bundle');
  await host.answer(turn, { ...NOTHING_CHANGED, files_changed: 1, patch, repo_bundle });
  const approval_id = await waitingApproval(run_id);

  const path = `/v1/runs/${run_id}/approvals/${approval_id}`;
  const stranger = await (await runtime.person()).ask(path, { json: { decision: 'approve' } });
  expect(stranger.status).toBe(404);
  const unknown = await alice.ask(path.replace(approval_id, 'approval_none'), {
    json: { decision: 'approve' },
  });
  expect(unknown.status).toBe(404);
  const answered = await alice.ask(path, { json: { decision: 'approve' } });
  expect([answered.status, answered.json.data]).toEqual([200, { approval_id, state: 'approved' }]);
  const again = await alice.ask(path, { json: { decision: 'deny' } });
  expect([again.status, again.json.code]).toEqual([409, 'approval_not_pending']);
  expect(await settled(alice, run_id)).toMatchObject({ status: 'succeeded' });
  const bundle = await alice.ask(`/v1/runs/${run_id}/bundle`);
  expect([bundle.status, bundle.headers.get('content-type')]).toEqual([200, 'application/gzip']);
});

test('a message to a thread with a worker becomes a turn of a run', async () => {
  const alice = await runtime.person();
  const host = await startScriptedHost(alice);
  const opened = await alice.ask('/v1/threads', { json: { worker_id: host.worker_id } });
  const { thread_id } = opened.json.data.thread;
  const posted = await alice.ask(`/v1/threads/${thread_id}/messages`, { json: { text: 'hello' } });
  expect(posted.status).toBe(202);
  const turn = await host.request('turn/start');
  expect(turn).toMatchObject({ run_id: posted.json.data.run_id, thread_id });
  const next = await alice.ask(`/v1/threads/${thread_id}/messages`, { json: { text: 'and more' } });
  expect(next.json.data.run_id).toBe(posted.json.data.run_id);
});

async function create(
  person: TestPerson,
  spec: object = TASK,
  key?: string,
  headers: Record<string, string> = {},
) {
  return person.ask('/v1/runs', { json: { spec }, headers, ...(key && { key }) });
}

async function settled(person: TestPerson, runId: string) {
  for (;;) {
    const { run } = (await person.ask(`/v1/runs/${runId}`)).json.data;
    if (['succeeded', 'failed', 'canceled'].includes(run.status) && run.replay) return run;
    await sleep(50);
  }
}

async function storeArtifact(person: TestPerson, runId: string, kind: string, content: string) {
  const sha256 = sha256Text(content);
  const path = `/v1/runs/${runId}/artifacts/${sha256}?kind=${kind}`;
  const stored = await person.ask(path, { method: 'PUT', body: content });
  return stored.json.data.artifact;
}

async function waitingApproval(runId: string): Promise<string> {
  for (;;) {
    const [row] = await lab.sql<{ approval_id: string }[]>`
      select approval_id from runtime.approvals where run_id = ${runId} and state = 'requested'`;
    if (row) return row.approval_id;
    await sleep(50);
  }
}
