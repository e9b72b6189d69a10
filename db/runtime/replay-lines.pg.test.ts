import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunId } from '#proto/ids.ts';
import { type ReplayEvent, writeReplay } from '#proto/replay.ts';
import { replayBytes } from '#proto/replay-bytes.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { createTestRun } from '../testing/runs.ts';
import { delta, finish, readLog, step } from '../testing/steps.ts';
import { createJournal, type Journal } from './journal.ts';
import { streamReplayLines } from './replay-lines.ts';
import { readPayload } from './run-events.ts';
import type { EventDraft } from './step.ts';

/** More than a page of the stream has. */
const SMALL_EVENTS = 600;
/** Each alone fills a page. */
const LARGE_TEXT = 'é'.repeat(40_000);

const EVENTS: EventDraft[] = [
  { event_type: 'run.created', payload: { work_unit: 'agent_task', objective_hash: 'sha256:1' } },
  {
    event_type: 'tool.call',
    payload: { tool_call_id: 't', tool_name: 'sh "x"\n', params_hash: 'p' },
  },
  {
    event_type: 'tool.result',
    payload: { tool_call_id: 't', tool_name: 'sh', latency_ms: 3, side_effects: [{ b: 1, a: 2 }] },
  },
  delta('a\\b "c" \n \u0001 \u2028 \u{1f600}'),
  delta('a NUL \0 and half a pair \ud800, which the log replaces'),
  {
    event_type: 'text.delta',
    payload: { é: 1, z: [0.1, 1e21, -0, 5e-324], '': null, a: { '1': {} } },
  },
  { event_type: 'verification.finished', payload: { verification_id: 'v', verdict: 'accepted' } },
  { event_type: 'payment.settled', payload: { rail: 'lightning', amount_msats: '1' } },
  delta(LARGE_TEXT),
  delta(LARGE_TEXT),
  { event_type: 'tool.call', payload: { tool_call_id: 'last' } },
];

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

test('the lines that the server writes are those that are written from the events', async () => {
  const { run_id } = await createTestRun(database.runtime);
  await journal.append(step(run_id, EVENTS));
  const small = Array.from({ length: SMALL_EVENTS }, (_, index) => delta(`${index}`));
  await journal.append(step(run_id, small.slice(0, SMALL_EVENTS / 2)));
  await journal.append(step(run_id, small.slice(SMALL_EVENTS / 2)));
  await finish(journal, run_id);
  const events = await replayEvents(run_id);
  expect(events.filter((event) => event.sanitized)).toHaveLength(1);
  expect(await fromLines(run_id)).toBe(await fromEvents(run_id, events));
});

test('a log that is empty, or not closed, has no file', async () => {
  const { run_id } = await createTestRun(database.runtime);
  await expect(fromLines(run_id)).rejects.toThrow('without events');
  await journal.append(step(run_id, EVENTS.slice(0, 1)));
  await expect(fromLines(run_id)).rejects.toThrow('not with run.finished');
});

const session = (run_id: RunId) => ({ producer: 'test', run_id, ended_at_ms: 1 });

async function fromLines(runId: RunId): Promise<string> {
  const parts: Uint8Array[] = [];
  const pages = streamReplayLines(database.runtime, runId);
  for await (const part of replayBytes(session(runId), pages)) parts.push(...part);
  return Buffer.concat(parts).toString();
}

async function fromEvents(runId: RunId, events: ReplayEvent[]): Promise<string> {
  let text = '';
  for await (const line of writeReplay(session(runId), events)) text += line;
  return text;
}

async function replayEvents(runId: RunId): Promise<ReplayEvent[]> {
  const log = await readLog(database.runtime, runId);
  return log.map(({ recorded_at, payload, ...event }) => ({
    ...event,
    payload: readPayload(payload),
    recorded_at_ms: recorded_at.getTime(),
  }));
}
