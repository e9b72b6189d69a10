import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { canonicalJson, type JsonObject } from '#proto/canonical.ts';
import { newId, type RunId } from '#proto/ids.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { createTestRun } from '../testing/runs.ts';
import { createJournal, type Journal } from './journal.ts';
import { rebuildRun } from './projections.ts';
import { runSummaryMessage } from './run-summary.ts';
import { readRun } from './runs.ts';
import type { EventDraft, RunPatch } from './step.ts';

let database: TestDatabase;
let journal: Journal;
beforeAll(async () => {
  database = await testDatabase(['runtime']);
  journal = createJournal({ sql: database.runtime, hint: () => {} });
});
afterAll(() => database[Symbol.asyncDispose]());

function append(run_id: RunId, events: [string, JsonObject][], patch?: RunPatch) {
  const drafts: EventDraft[] = events.map(([event_type, payload]) => ({ event_type, payload }));
  return journal.append({
    run_id,
    origin: 'platform',
    events: drafts,
    ...(patch === undefined ? {} : { patch }),
  });
}

/** A run that loses a worker, is verified and ends: every field of the read model moves. */
async function wholeRun(): Promise<RunId> {
  const { run_id } = await createTestRun(database.runtime, { org_id: newId('org') });
  const [lost, worker] = [newId('worker'), newId('worker')];
  const verdict = {
    verdict: 'accepted',
    tier: 'O',
    strength: 'fail_to_pass',
    receipt_id: 'vr_1',
    sandboxed: true,
  };
  await append(run_id, [['run.created', {}]]);
  await append(
    run_id,
    [
      ['run.started', { worker_id: lost }],
      ['turn.started', { turn: 1, worker_id: lost }],
      ['run.phase_changed', { phase: 'executing' }],
    ],
    { status: 'running', phase: 'executing', worker_id: lost, turns: 1 },
  );
  await append(
    run_id,
    [
      ['run.executor_lost', { worker_id: lost, recovery: 1 }],
      ['run.phase_changed', { phase: 'dispatching' }],
    ],
    { phase: 'dispatching', worker_id: null, recoveries: 1 },
  );
  await append(
    run_id,
    [
      ['turn.started', { turn: 2, worker_id: worker }],
      ['run.phase_changed', { phase: 'executing' }],
    ],
    { status: 'running', phase: 'executing', worker_id: worker, turns: 2 },
  );
  await append(run_id, [['text.delta', { delta: 'on it' }]]);
  await append(
    run_id,
    [
      ['run.phase_changed', { phase: 'verifying' }],
      ['verification.started', { attempt: 1 }],
    ],
    { phase: 'verifying' },
  );
  await append(run_id, [['verification.finished', verdict]], {
    verdict: { ...verdict, attempt: 1 },
  });
  const reason = 'all commands exit 0';
  await append(
    run_id,
    [['run.finished', { status: 'succeeded', reason_class: 'completed', reason }]],
    {
      status: 'succeeded',
      phase: '',
      terminal_reason_class: 'completed',
      terminal_reason: reason,
    },
  );
  return run_id;
}

test('a rebuild from the log finds the row that the appends wrote', async () => {
  const runId = await wholeRun();
  const before = await readRun(database.runtime, runId);
  const rebuilt = await rebuildRun(database.runtime, runId);
  expect(rebuilt).toMatchObject({ drifted: [], last_seq: before?.latest_seq });
  expect(await readRun(database.runtime, runId)).toEqual(before);
});

test('a row that drifted is repaired to the same row and the same hash', async () => {
  const runId = await wholeRun();
  const before = await readRun(database.runtime, runId);
  const hash = (await rebuildRun(database.runtime, runId))?.projection_hash;
  await database.owner`
    update runtime.runs set status = 'failed', phase = 'settling', worker_id = null, turns = 9, recoveries = 9,
      verdict = null, terminal_reason = 'x', latest_seq = 1, trajectory_hash = null, started_at = null, terminal_at = null
    where run_id = ${runId}`;
  const repaired = await rebuildRun(database.runtime, runId);
  expect(repaired?.drifted).toEqual(
    expect.arrayContaining([
      'status',
      'phase',
      'verdict',
      'latest_seq',
      'trajectory_hash',
      'terminal_at',
    ]),
  );
  expect(repaired?.projection_hash).toBe(hash);
  expect(await readRun(database.runtime, runId)).toEqual(before);
  const [checkpoint] = await database.runtime<{ hash: Buffer }[]>`
    select projection_hash as hash from runtime.projection_checkpoints where entity_id = ${runId}`;
  expect(`sha256:${checkpoint?.hash.toString('hex')}`).toBe(hash);
});

test.each([
  ['type', "event_type = 'text.done'", /seq 2: event_hash should be/],
  ['payload', "payload = '{}'", /seq 2: the payload does not match its hash/],
])('a log whose %s was changed is not replayed over its row', async (_what, change, reason) => {
  const runId = await wholeRun();
  await database.owner.begin(async (tx) => {
    // What append-only forbids, done by someone who owns the server.
    await tx`set local session_replication_role = replica`;
    await tx`update runtime.run_events set ${tx.unsafe(change)} where run_id = ${runId} and seq = 2`;
  });
  await expect(rebuildRun(database.runtime, runId)).rejects.toThrow(reason);
  await database.owner.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx`delete from runtime.run_events where run_id = ${runId}`;
    await tx`delete from runtime.runs where run_id = ${runId}`;
  });
});

test('SQL and proto write the same summary bytes, whatever the texts hold', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc
        .string({ unit: 'binary', minLength: 1, maxLength: 600 })
        .map((text) => text.replaceAll('\0', '')),
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.boolean(),
      async (objective, reason, sandboxed) => {
        const { run_id } = await createTestRun(database.runtime, {
          objective,
          org_id: newId('org'),
        });
        await append(run_id, [['run.created', {}]], {
          terminal_reason: reason,
          verdict: {
            verdict: 'rejected',
            tier: 'O',
            strength: reason.replaceAll('\0', ''),
            receipt_id: 'vr',
            sandboxed,
            attempt: 2,
          },
        });
        const row = await readRun(database.runtime, run_id);
        if (row === undefined) throw new Error('the run is gone');
        const [stored] = await database.runtime<{ payload: Buffer }[]>`
          select payload from runtime.sync_events where doc_key = ${run_id} limit 1`;
        expect(stored?.payload.toString()).toBe(
          canonicalJson({ ...runSummaryMessage(row) } as unknown as JsonObject),
        );
      },
    ),
    { numRuns: 30 },
  );
});
