import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createReconcileRun } from '#activities/run/reconcile.ts';
import type { RunSpec } from '#proto/gen/types.ts';
import { newId } from '#proto/ids.ts';
import { verifyReceipt } from '#proto/receipt.ts';
import { runWorkflowId } from '#workflows/run/messages.ts';
import { type Lab, openLab } from '../testing/lab.ts';
import { loseHistory } from '../testing/lose.ts';
import { patchSpec, runInput, type SeenRun, seeRun, startRun, taskSpec } from '../testing/runs.ts';
import { answerApproval, cancel, reaches, type Stage } from '../testing/scenarios/stage.ts';
import { startAgent } from '../testing/scripted-agent.ts';
import { createReconciler } from './reconciler.ts';

/** A cancel that is taken up again waits its whole grace for a worker that says nothing. */
const LASTS_AT_MOST_MS = 90_000;

const NO_PATCH = { patch: null, repo_bundle: null };

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
  await lab.startWorker();
});
afterAll(() => lab[Symbol.asyncDispose]());

/** As a worker process has one. */
function reconciler(now: () => number = Date.now) {
  const { sql, journal, client } = lab;
  const found: string[] = [];
  const { sweep } = createReconciler({
    ...{ sql, client, now },
    reconcileRun: createReconcileRun({ sql, journal, now }),
    onReconciled: ({ run_id, workflow_status }, decision) =>
      found.push(`${run_id} ${workflow_status} ${decision}`),
  });
  return { sweep, found };
}

async function begin(spec: RunSpec, withAgent = true): Promise<Stage> {
  const owner = { user_id: newId('user') };
  const agent = await startAgent(lab, withAgent ? owner : { user_id: newId('user') });
  const input = runInput(owner, spec);
  return { lab, owner, input, agent, handle: await startRun(lab, input) };
}

/** What holds for every run, however often its history was lost. */
async function expectWhole(stage: Stage, losses: string[]): Promise<SeenRun> {
  const seen = await seeRun(lab, stage.input.run_id);
  const { types, receipts, payloads } = seen;
  const count = (type: string) => types.filter((each) => each === type).length;
  expect(count('run.created')).toBe(1);
  expect(count('run.finished')).toBe(1);
  expect(types.at(-1)).toBe('run.finished');
  expect(receipts).toHaveLength(1);
  expect(await verifyReceipt(receipts[0], await lab.keySet())).toMatchObject({ ok: true });
  const ids = (type: string, field: string) => payloads(type).map((payload) => payload[field]);
  for (const [type, field] of [
    ['turn.started', 'request_id'],
    ['turn.finished', 'request_id'],
    ['verification.finished', 'verification_id'],
    ['approval.requested', 'approval_id'],
  ] as const) {
    expect(new Set(ids(type, field)).size, type).toBe(count(type));
  }
  expect(ids('turn.finished', 'request_id')).toEqual(ids('turn.started', 'request_id'));
  expect(
    payloads('run.terminated_externally').map(
      ({ workflow_status, decision }) => `${workflow_status} ${decision}`,
    ),
  ).toEqual(losses);
  return seen;
}

interface Loss {
  where: string;
  spec: RunSpec;
  withAgent?: boolean;
  /** Up to the loss. */
  before(stage: Stage): Promise<unknown>;
  /** From there to the end. */
  after(stage: Stage): Promise<unknown>;
  ends: { status: string; terminal_reason_class: string };
}

const SUCCEEDED = { status: 'succeeded', terminal_reason_class: 'completed' };
const CANCELED = { status: 'canceled', terminal_reason_class: 'canceled' };

const LOSSES: Loss[] = [
  {
    where: 'while it waits for a worker',
    spec: taskSpec(),
    withAgent: false,
    before: (stage) => reaches(stage, 'dispatching'),
    async after({ owner }) {
      const agent = await startAgent(lab, owner);
      await agent.completeTurn(await agent.request('turn/start'), NO_PATCH);
    },
    ends: SUCCEEDED,
  },
  {
    where: 'while a worker holds its turn',
    spec: taskSpec(),
    before: ({ agent }) => agent.request('turn/start'),
    after: async ({ agent }) => agent.completeTurn(await agent.request('turn/start'), NO_PATCH),
    ends: SUCCEEDED,
  },
  {
    where: 'after the worker has answered and before the run has heard it',
    spec: taskSpec(),
    async before({ agent }) {
      const request = await agent.request('turn/start');
      await agent.answer(request, { ok: true, response: ANSWER }, { signal: false });
    },
    after: async () => undefined,
    ends: SUCCEEDED,
  },
  {
    where: 'after a worker was lost and before another has the turn',
    spec: taskSpec(),
    async before(stage) {
      await stage.agent.request('turn/start');
      await stage.agent.vanish();
      await reaches(stage, 'dispatching');
    },
    async after({ owner }) {
      const second = await startAgent(lab, owner);
      await second.completeTurn(await second.request('turn/start'), NO_PATCH);
    },
    ends: SUCCEEDED,
  },
  {
    where: 'while its patch is verified',
    spec: patchSpec('slow'),
    async before(stage) {
      await stage.agent.completeTurn(await stage.agent.request('turn/start'));
      await reaches(stage, 'verifying');
    },
    after: async () => undefined,
    ends: SUCCEEDED,
  },
  {
    where: 'while it waits for an approval',
    spec: patchSpec('touches-tests'),
    async before(stage) {
      await stage.agent.completeTurn(await stage.agent.request('turn/start'));
      await reaches(stage, 'awaiting_approval');
    },
    after: (stage) => answerApproval(stage, 'approve'),
    ends: SUCCEEDED,
  },
  {
    where: 'while it is canceled',
    spec: taskSpec(),
    async before(stage) {
      await stage.agent.request('turn/start');
      await cancel(stage);
    },
    async after({ agent }) {
      const turn = await agent.request('turn/start');
      await agent.completeTurn(turn, { ...NO_PATCH, status: 'interrupted' });
    },
    ends: CANCELED,
  },
];

const ANSWER = {
  ...{ status: 'completed', exit_code: 0, base_commit: '', base_tree: '' },
  ...{ patch: null, repo_bundle: null, files_changed: 0, output: null },
};

describe('a run goes on from its log when its history is lost', () => {
  test.each(LOSSES)('$where', { timeout: LASTS_AT_MOST_MS }, async (loss) => {
    const stage = await begin(loss.spec, loss.withAgent);
    await loss.before(stage);
    await loseHistory(lab, runWorkflowId(stage.input.run_id));
    const { sweep, found } = reconciler();
    await sweep();
    expect(found).toContain(`${stage.input.run_id} missing resumed`);
    await loss.after(stage);
    await stage.handle.result();
    const { row } = await expectWhole(stage, ['missing resumed']);
    expect(row).toMatchObject(loss.ends);
  });
});

test('a run that an operator terminated in Temporal is closed, with their words', async () => {
  const stage = await begin(taskSpec());
  await stage.agent.request('turn/start');
  await stage.handle.terminate('it was started by mistake');
  await reconciler().sweep();
  await stage.handle.result();
  const { row } = await expectWhole(stage, ['terminated closed']);
  expect(row).toMatchObject({ status: 'failed', terminal_reason_class: 'failed' });
  expect(row.terminal_reason).toBe(
    'an operator terminated the run in Temporal: it was started by mistake, by lab',
  );
});

test('a run that somebody reset goes on from where its log stands', async () => {
  const stage = await begin(taskSpec());
  await stage.agent.request('turn/start');
  await reaches(stage, 'executing');
  const { runId } = await stage.handle.describe();
  const { events } = await stage.handle.fetchHistory();
  const firstTask = events?.find((event) => event.workflowTaskCompletedEventAttributes);
  await lab.client.workflowService.resetWorkflowExecution({
    namespace: lab.namespace,
    workflowExecution: { workflowId: stage.handle.workflowId, runId },
    workflowTaskFinishEventId: firstTask?.eventId ?? null,
    requestId: newId('req'),
    reason: 'to see what happens',
  });
  await reconciler().sweep();
  await stage.agent.completeTurn(await stage.agent.request('turn/start'), NO_PATCH);
  await stage.handle.result();
  const { row } = await expectWhole(stage, ['reset resumed']);
  expect(row).toMatchObject(SUCCEEDED);
});

test('two reconcilers that find the same loss at once begin one history', async () => {
  const stages = await Promise.all(Array.from({ length: 8 }, () => begin(taskSpec())));
  for (const stage of stages) {
    await stage.agent.request('turn/start');
    await loseHistory(lab, runWorkflowId(stage.input.run_id));
  }
  const both = [reconciler(), reconciler()];
  await Promise.all(both.map(({ sweep }) => sweep()));
  for (const stage of stages) {
    const reports = both
      .flatMap(({ found }) => found)
      .filter((f) => f.startsWith(stage.input.run_id));
    expect(reports).toHaveLength(1);
    await stage.agent.completeTurn(await stage.agent.request('turn/start'), NO_PATCH);
    await stage.handle.result();
    await expectWhole(stage, ['missing resumed']);
  }
});

test('a run that loses its history again and again is closed', async () => {
  let nowMs = Date.now();
  const stage = await begin(taskSpec());
  await stage.agent.request('turn/start');
  const { sweep } = reconciler(() => nowMs);
  for (let loss = 1; loss <= 4; loss += 1) {
    await loseHistory(lab, runWorkflowId(stage.input.run_id));
    nowMs += 60_000;
    await sweep();
  }
  await stage.handle.result();
  const resumed = 'missing resumed';
  const { row } = await expectWhole(stage, [resumed, resumed, resumed, 'missing closed']);
  expect(row.terminal_reason).toBe(
    'the run was resumed 3 times and its history ended again, missing',
  );
});

test('runs whose histories go on are left alone', async () => {
  const stage = await begin(taskSpec());
  await stage.agent.request('turn/start');
  const { sweep, found } = reconciler();
  await sweep();
  expect(found).toEqual([]);
  await stage.agent.completeTurn(await stage.agent.request('turn/start'), NO_PATCH);
  await stage.handle.result();
  await expectWhole(stage, []);
});
