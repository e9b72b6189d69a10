import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Sql } from '#db/connect.ts';
import { listSigningKeys } from '#db/runtime/receipts.ts';
import { endWorkerRequest } from '#db/runtime/worker-requests.ts';
import { transaction } from '#db/transaction.ts';
import { newId } from '#proto/ids.ts';
import { runInput, taskSpec } from '#services/worker/testing/runs.ts';
import { openSteps, type Steps } from '#services/worker/testing/steps.ts';
import { decide, policyBundleId } from '#workflows/run/policy.ts';
import { checkDatabase } from './check.ts';
import type { Promises } from './check-promises.ts';
import { RULES, type Rule, type Violation } from './violation.ts';

let steps: Steps;
let promises: Promises & { runs: Set<string> };

beforeEach(async () => {
  steps = await openSteps();
  promises = { runs: new Set([await finishedRun(), await finishedRun()]), events: [] };
});
afterEach(() => steps[Symbol.asyncDispose]());

/** A run of the real steps: created, dispatched, answered, finished, with its files. */
async function finishedRun(): Promise<string> {
  const { activities, sql } = steps;
  const owner = { user_id: newId('user') };
  const worker_id = await steps.worker(owner);
  const run = runInput(owner, taskSpec());
  const { run_id } = run;
  const decided = (question: Parameters<typeof decide>[1]) => decide(run.policy, question);
  await activities.recordRunCreated({
    run,
    decision: decided({ point: 'create', spec: run.spec }),
  });
  const dispatched = await activities.dispatchTurn({
    run_id,
    turn: 1,
    recovery: 0,
    feedback: '',
    decision: decided({ point: 'dispatch', turn: 1, turns_max: 10 }),
    deadline_at_ms: run.created_at_ms + 60_000,
    previous_turn: null,
  });
  if (dispatched.kind !== 'dispatched') throw new Error('it was not dispatched');
  const { request_id } = dispatched;
  await transaction(sql, (tx) =>
    endWorkerRequest(tx, steps.journal, { worker_id, request_id }, { ok: true, response: {} }),
  );
  await activities.finishRun({
    run_id,
    status: 'succeeded',
    reason_class: 'completed',
    reason: 'done',
    policy_bundle_id: policyBundleId(run.policy),
    decisions: [],
    turn_end: null,
    open_turn: null,
    verdict: null,
    patch: null,
  });
  await activities.deriveRunFiles({ run_id });
  return run_id;
}

async function check(): Promise<Violation[]> {
  return checkDatabase({
    sql: steps.owner,
    artifactsDirectory: steps.artifactsDirectory,
    keys: await listSigningKeys(steps.sql),
    expectationOf: () => ({ status: 'succeeded', verdict: null }),
    promises,
  });
}

/** A fault as a broken platform would leave it: nothing of the schema stands in its way. */
async function plant(statement: string): Promise<void> {
  await steps.owner.begin(async (tx) => {
    await tx.unsafe('set local session_replication_role = replica');
    const planted = await tx.unsafe(statement);
    expect(planted.count).toBeGreaterThan(0);
  });
}

async function dropUniqueKeys(owner: Sql, table: string): Promise<void> {
  const keys = await owner<{ drop: string }[]>`
    select case when c.conname is null then format('drop index %s', i.indexrelid::regclass)
      else format('alter table %s drop constraint %I cascade', i.indrelid::regclass, c.conname) end as drop
    from pg_index i left join pg_constraint c on c.conindid = i.indexrelid and c.contype in ('p', 'u')
    where i.indrelid = ${table}::regclass and i.indisunique`;
  for (const { drop } of keys) await owner.unsafe(drop);
}

test('a database that the steps themselves wrote has nothing against it', async () => {
  expect(await check()).toEqual([]);
});

interface Planted {
  rule: Rule;
  fault: string;
  statement: string;
  unbind?: string;
}

const A_RUN = `(select min(run_id) from runtime.runs)`;

const PLANTED: Planted[] = [
  {
    rule: 'log_gap',
    fault: 'an event is gone',
    statement: `delete from runtime.run_events where run_id = ${A_RUN} and seq = 2`,
  },
  {
    rule: 'log_gap',
    fault: 'two events have one number',
    unbind: 'runtime.run_events',
    statement: `insert into runtime.run_events select run_id, seq, 'text.delta', payload, payload_sha256, event_hash,
      'another', sanitized, recorded_at from runtime.run_events where run_id = ${A_RUN} and seq = 2`,
  },
  {
    rule: 'log_gap',
    fault: 'the head of a run is ahead of its log',
    statement: `update runtime.runs set latest_seq = latest_seq + 1 where run_id = ${A_RUN}`,
  },
  {
    rule: 'log_chain',
    fault: 'a payload was changed, and its hash with it',
    statement: `update runtime.run_events set payload = '{}', payload_sha256 = sha256('{}')
      where run_id = ${A_RUN} and seq = 2`,
  },
  {
    rule: 'log_chain',
    fault: 'a payload was changed',
    statement: `update runtime.run_events set payload = '{}' where run_id = ${A_RUN} and seq = 2`,
  },
  {
    rule: 'event_doubled',
    fault: 'an event was appended twice',
    unbind: 'runtime.run_events',
    statement: `insert into runtime.run_events select run_id, seq + 100, event_type, payload, payload_sha256, event_hash,
      idempotency_key, sanitized, recorded_at from runtime.run_events
      where run_id = ${A_RUN} and event_type = 'run.created'`,
  },
  {
    rule: 'beginning_and_end',
    fault: 'a run ended twice',
    unbind: 'runtime.run_events',
    statement: `insert into runtime.run_events select run_id, seq + 1, event_type, payload, payload_sha256, event_hash,
      'again', sanitized, recorded_at from runtime.run_events
      where run_id = ${A_RUN} and event_type = 'run.finished'`,
  },
  {
    rule: 'run_open',
    fault: 'a run did not end',
    statement: `update runtime.runs set status = 'running', phase = 'executing' where run_id = ${A_RUN}`,
  },
  {
    rule: 'receipt',
    fault: 'a run has no receipt',
    statement: `delete from runtime.receipts where run_id = ${A_RUN}`,
  },
  {
    rule: 'receipt',
    fault: 'a run has two receipts',
    unbind: 'runtime.receipts',
    statement: `insert into runtime.receipts select * from runtime.receipts where run_id = ${A_RUN}`,
  },
  {
    rule: 'receipt',
    fault: 'a receipt says something else than was signed',
    statement: `update runtime.receipts set receipt = jsonb_set(receipt, '{body,status}', '"failed"')
      where run_id = ${A_RUN}`,
  },
  {
    rule: 'verdict',
    fault: 'a verification ended without a receipt',
    statement: `insert into runtime.run_events select run_id, seq + 1, 'verification.finished', payload, payload_sha256,
      event_hash, 'verification', sanitized, recorded_at from runtime.run_events
      where run_id = ${A_RUN} and event_type = 'run.finished'`,
  },
  {
    rule: 'request',
    fault: 'a request was answered twice',
    statement: `insert into runtime.worker_events select worker_id, seq + 1, event_type, payload, payload_sha256, 'again',
      recorded_at from runtime.worker_events where event_type = 'worker.response'`,
  },
  {
    rule: 'waiting',
    fault: 'a request waits for its answer',
    statement: `update runtime.worker_requests set state = 'pending', finished_at = null`,
  },
  {
    rule: 'waiting',
    fault: 'an approval waits',
    statement: `insert into runtime.approvals (approval_id, run_id, kind, expires_at)
      values ('approval_1', ${A_RUN}, 'patch', clock_timestamp())`,
  },
  {
    rule: 'worker_log_gap',
    fault: 'an event of a worker is gone',
    statement: `delete from runtime.worker_events where event_type = 'worker.request'`,
  },
  {
    rule: 'topic_gap',
    fault: 'a row of a topic is gone',
    statement: `delete from runtime.sync_events where seq = 1`,
  },
  {
    rule: 'topic_gap',
    fault: 'a row of a topic was changed',
    statement: `update runtime.sync_events set payload = '{}' where seq = 1`,
  },
  {
    rule: 'loop',
    fault: 'an agent made the same call again and again, and its run succeeded',
    statement: `insert into runtime.run_events select run_id, 1000 + 2 * n + part, type, call, sha256(call), event_hash,
      null, false, recorded_at from runtime.run_events, generate_series(1, 10) n,
      (values (0, 'tool.call'), (1, 'tool.result')) as parts (part, type),
      lateral (select convert_to(format('{"tool_call_id":"%s","tool_name":"make","params_hash":"p","output_hash":"o"}', n),
        'UTF8') as call) calls
      where run_id = ${A_RUN} and seq = 1`,
  },
  {
    rule: 'replay',
    fault: 'the replay file of another run',
    statement: `update runtime.runs set replay = (select replay from runtime.runs order by run_id desc limit 1)
      where run_id = ${A_RUN}`,
  },
];

test.each(PLANTED)('it is found as $rule when $fault', async ({ rule, statement, unbind }) => {
  if (unbind) await dropUniqueKeys(steps.owner, unbind);
  await plant(statement);
  expect((await check()).map((found) => found.rule)).toContain(rule);
});

test('it is found when a run that was acknowledged is not there, and when one is there that nobody asked for', async () => {
  const [known = ''] = promises.runs;
  promises.runs.delete(known);
  promises.runs.add('run_that_was_acknowledged');
  expect((await check()).map(({ rule, subject }) => [rule, subject])).toEqual([
    ['lost', 'run_that_was_acknowledged'],
    ['unasked', known],
  ]);
});

test('it is found when an acknowledged event has become another one', async () => {
  const [run_id = ''] = promises.runs;
  promises = {
    ...promises,
    events: [{ run_id, seq: '2', event_hash: `sha256:${'0'.repeat(64)}` }],
  };
  expect((await check()).map(({ rule, subject }) => [rule, subject])).toEqual([['lost', run_id]]);
});

test('it is found when a replay file was cut', async () => {
  const [row] = await steps.sql<{ replay: { sha256: string } }[]>`select replay from runtime.runs`;
  const digest = row?.replay.sha256.slice('sha256:'.length) ?? '';
  await writeFile(
    join(steps.artifactsDirectory, 'sha256', digest.slice(0, 2), digest),
    'nothing of it',
  );
  expect((await check()).map(({ rule }) => rule)).toEqual(['replay']);
});

test('every rule has a planted fault', () => {
  const planted = new Set<string>([...PLANTED.map(({ rule }) => rule), 'lost', 'unasked']);
  expect(Object.keys(RULES).filter((rule) => !planted.has(rule))).toEqual([]);
});
