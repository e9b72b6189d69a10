import { afterAll, beforeAll, expect, test } from 'vitest';
import { createJournal, type Journal } from '#db/runtime/journal.ts';
import { readEventsOfTypes } from '#db/runtime/run-steps.ts';
import type { EventDraft } from '#db/runtime/step.ts';
import { type TestDatabase, testDatabase } from '#db/testing/database.ts';
import { createTestRun } from '#db/testing/runs.ts';
import type { RunId } from '#proto/ids.ts';
import {
  LOOP_BREAKER_CALLS,
  LOOP_CRITICAL_CALLS,
  LOOP_WARNING_CALLS,
  type LoopFinding,
} from '#workflows/run/loop-detection.ts';
import {
  circling,
  repeating,
  type SyntheticCall,
  syntheticEdit,
  traceOf,
  working,
} from '#workflows/run/testing/synthetic-tool-traces.ts';
import { createRuntimeMetrics } from '../metrics.ts';
import { createLoopWatch, type LoopWatch } from './loop-watch.ts';

let database: TestDatabase;
let journal: Journal;

beforeAll(async () => {
  database = await testDatabase(['runtime']);
  journal = createJournal({ sql: database.runtime, hint: () => {} });
});
afterAll(async () => {
  await journal.close();
  await database[Symbol.asyncDispose]();
});

const told: { runId: string; finding: LoopFinding }[] = [];
const unexpected: unknown[] = [];

/** One replica of the runtime; the run's workflow is at the edge and takes what it is told. */
function replica(options: { runsMax?: number; nowMs?: () => number } = {}): LoopWatch {
  return createLoopWatch({
    sql: database.runtime,
    journal,
    workflows: { loopDetected: (runId, finding) => void told.push({ runId, finding }) },
    metrics: createRuntimeMetrics(),
    logger: { warn: (...fault: unknown[]) => void unexpected.push(fault) } as never,
    now: options.nowMs ?? Date.now,
    ...(options.runsMax && { runsMax: options.runsMax }),
  });
}

let keys = 0;

/** The events of a trace as its host posts them: call and result in a batch of their own, through one of the replicas. */
async function post(runId: RunId, calls: readonly SyntheticCall[], watches: readonly LoopWatch[]) {
  const drafts = traceOf(calls, 1 + 2 * keys).map(({ event_type, payload }) => ({
    event_type,
    payload,
  }));
  keys += calls.length;
  for (let index = 0; index < calls.length; index += 1) {
    const watch = watches[index % watches.length];
    if (watch) await append(runId, drafts.slice(2 * index, 2 * index + 2), watch);
  }
}

async function append(runId: RunId, events: EventDraft[], watch: LoopWatch) {
  const step = await journal.append({ run_id: runId, origin: 'public', events });
  watch.appended(runId, events, step.events);
  await watch.close();
}

async function journaled(runId: RunId) {
  const found = [];
  for await (const event of readEventsOfTypes(database.runtime, runId, ['run.loop_detected'])) {
    found.push(JSON.parse(event.payload.toString()));
  }
  return found;
}

const toldOf = (runId: RunId) => told.filter((one) => one.runId === runId);
const newRun = async () => (await createTestRun(database.runtime)).run_id;

afterAll(() => expect(unexpected).toEqual([]));

test('a warning is journaled once per streak, and the run is told when it is critical', async () => {
  const runId = await newRun();
  const watch = replica();
  await post(runId, repeating(LOOP_WARNING_CALLS - 1), [watch]);
  expect(await journaled(runId)).toEqual([]);
  await post(runId, repeating(1), [watch]);
  expect(await journaled(runId)).toMatchObject([
    {
      detector: 'generic_repeat',
      level: 'warning',
      reason_code: 'loop_detected.no_progress',
      tool_name: 'command_execution',
      calls: LOOP_WARNING_CALLS,
    },
  ]);
  await post(runId, repeating(LOOP_CRITICAL_CALLS - LOOP_WARNING_CALLS - 1), [watch]);
  expect(toldOf(runId)).toEqual([]);
  await post(runId, repeating(1), [watch]);
  expect(toldOf(runId)).toMatchObject([{ finding: { level: 'critical', calls: 20 } }]);
  expect(await journaled(runId)).toHaveLength(1);
});

test('a lost signal is given again with a later call, but not with each', async () => {
  const runId = await newRun();
  let nowMs = 0;
  const watch = replica({ nowMs: () => nowMs });
  await post(runId, repeating(LOOP_CRITICAL_CALLS + 5), [watch]);
  expect(toldOf(runId)).toHaveLength(1);
  nowMs += 60_000;
  await post(runId, repeating(1), [watch]);
  expect(toldOf(runId)).toHaveLength(2);
});

test('several replicas, each with a part of the calls, count as one', async () => {
  const runId = await newRun();
  const replicas = [replica(), replica(), replica()];
  await post(runId, repeating(LOOP_CRITICAL_CALLS - 1), replicas);
  expect(await journaled(runId)).toHaveLength(1);
  expect(toldOf(runId)).toEqual([]);
  await post(runId, repeating(1), replicas);
  expect(toldOf(runId)).toHaveLength(1);
});

test('a restart, and a memory too small for the run, lose no count and repeat no warning', async () => {
  const runId = await newRun();
  const other = await newRun();
  const small = replica({ runsMax: 1 });
  for (let calls = 1; calls < LOOP_CRITICAL_CALLS; calls += 1) {
    await post(runId, repeating(1), [calls % 2 === 0 ? small : replica()]);
    await post(other, working(1), [small]);
  }
  expect(await journaled(runId)).toHaveLength(1);
  expect(toldOf(runId)).toEqual([]);
  await post(runId, repeating(1), [replica()]);
  expect(toldOf(runId)).toHaveLength(1);
});

test('what the platform writes in between is no new outcome', async () => {
  const runId = await newRun();
  const watch = replica();
  for (let calls = 0; calls < LOOP_CRITICAL_CALLS; calls += 1) {
    await post(runId, repeating(1), [watch]);
    const phase = { event_type: 'run.phase_changed', payload: { phase: 'executing', detail: '' } };
    await journal.append({ run_id: runId, origin: 'platform', events: [phase] });
  }
  expect(toldOf(runId)).toHaveLength(1);
});

test('an edit that another replica saw begins the count again', async () => {
  const runId = await newRun();
  const watch = replica();
  await post(runId, repeating(LOOP_CRITICAL_CALLS - 1), [watch]);
  const edit = syntheticEdit(900_001).map(({ event_type, payload }) => ({ event_type, payload }));
  await append(runId, edit, replica());
  await post(runId, repeating(LOOP_WARNING_CALLS - 1), [watch]);
  expect([await journaled(runId), toldOf(runId)]).toMatchObject([[{ level: 'warning' }], []]);
  await post(runId, repeating(1), [watch]);
  expect(await journaled(runId)).toHaveLength(2);
});

test('a batch sent twice counts once', async () => {
  const runId = await newRun();
  const watch = replica();
  const batch = (call: number) =>
    traceOf(repeating(1), 1 + 2 * call).map(({ event_type, payload, seq }) => ({
      event_type,
      payload,
      idempotency_key: `key/${seq}`,
    }));
  for (let call = 0; call < LOOP_WARNING_CALLS - 1; call += 1) {
    await append(runId, batch(call), watch);
    await append(runId, batch(call), watch);
  }
  expect(await journaled(runId)).toEqual([]);
});

test('calls that a host did not hash are compared as they were stored', async () => {
  const runId = await newRun();
  const watch = replica();
  for (let call = 0; call < LOOP_CRITICAL_CALLS; call += 1) {
    const tool = { tool_call_id: `call/${call}`, tool_name: 'mcp' };
    const secret = 'sk-proj-abcdefghijklmnopqrstuvwxyz0123456789';
    const events = [
      { event_type: 'tool.call', payload: { ...tool, input: { query: 'a', api_key: secret } } },
      { event_type: 'tool.result', payload: { ...tool, output_preview: 'nothing found' } },
    ];
    await append(runId, events, call % 3 === 0 ? replica() : watch);
  }
  expect(toldOf(runId)).toHaveLength(1);
});

test('whoever has moved on by the time it is looked at is left alone', async () => {
  const runId = await newRun();
  const calls = [...circling(4 + LOOP_BREAKER_CALLS, 4), ...working(1)];
  const events = traceOf(calls, 500_001).map(({ event_type, payload }) => ({
    event_type,
    payload,
  }));
  await append(runId, events, replica());
  expect([await journaled(runId), toldOf(runId)]).toEqual([[], []]);
});
