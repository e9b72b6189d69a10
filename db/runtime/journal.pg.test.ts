import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '#proto/canonical.ts';
import { hashPayload, ROOT_HASH, verifyChain } from '#proto/event-chain.ts';
import { newId } from '#proto/ids.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { createTestRun } from '../testing/runs.ts';
import { delta, finish, readLog, refusal, step } from '../testing/steps.ts';
import { transaction } from '../transaction.ts';
import { createJournal, type Journal } from './journal.ts';
import { readPayload } from './run-events.ts';
import { readRun } from './runs.ts';
import { STEP_EVENTS_MAX } from './step.ts';

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

describe('the log of a run', () => {
  test('counts from 1 without a gap and its chain verifies', async () => {
    const { run_id } = await createTestRun(database.runtime);
    const first = await journal.append(step(run_id, [delta('a'), delta('b')]));
    const second = await journal.append(step(run_id, [delta('c')]));
    expect(first.events.map((event) => event.seq)).toEqual([1n, 2n]);
    expect(second).toMatchObject({ head_seq: 3n, events: [{ seq: 3n, replayed: false }] });
    const events = (await readLog(database.runtime, run_id)).map((event) => ({ ...event, run_id }));
    expect(verifyChain(events)).toEqual({
      ok: true,
      head_seq: 3n,
      head_hash: second.events[0]?.event_hash,
    });
  });

  test('SQL chains whatever comes as proto does', async () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,12}$/);
    const eventType = fc
      .tuple(word, fc.constantFrom('.', '/'), word)
      .map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            eventType,
            fc.dictionary(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true })),
          ),
          {
            minLength: 1,
            maxLength: 8,
          },
        ),
        async (drawn) => {
          const { run_id } = await createTestRun(database.runtime);
          const drafts = drawn.map(([event_type, payload]) => ({ event_type, payload }));
          const result = await journal.append(step(run_id, drafts));
          const events = (await readLog(database.runtime, run_id)).map((event) => ({
            ...event,
            run_id,
            payload_hash: hashPayload(readPayload(event.payload)),
          }));
          expect(verifyChain(events)).toEqual({
            ok: true,
            head_seq: BigInt(drafts.length),
            head_hash: result.events.at(-1)?.event_hash,
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a changed payload no longer verifies', async () => {
    const { run_id } = await createTestRun(database.runtime);
    await journal.append(step(run_id, [delta('a'), delta('b')]));
    const events = (await readLog(database.runtime, run_id)).map((event) => ({ ...event, run_id }));
    const forged = events.map((event) =>
      event.seq === 1n ? { ...event, payload_hash: ROOT_HASH } : event,
    );
    expect(verifyChain(forged)).toMatchObject({ ok: false, seq: 1n });
  });

  test('the run row follows the log', async () => {
    const { run_id } = await createTestRun(database.runtime);
    const result = await journal.append(
      step(run_id, [delta('a')], { patch: { status: 'running', phase: 'executing', turns: 1 } }),
    );
    const row = await readRun(database.runtime, run_id);
    expect(row).toMatchObject({ status: 'running', phase: 'executing', turns: 1, latest_seq: 1n });
    expect(row?.event_count).toBe(1n);
    expect(row?.started_at).toBeInstanceOf(Date);
    expect(`sha256:${Buffer.from(row?.last_event_hash ?? []).toString('hex')}`).toBe(
      result.events[0]?.event_hash,
    );
  });

  test('a run that does not exist is not found', async () => {
    const problem = await refusal(journal.append(step(newId('run'), [delta('a')])));
    expect(problem.code).toBe('not_found');
  });

  test('a topic with rows of another class never holds run events', async () => {
    const attempt = transaction(database.runtime, (tx) =>
      tx`insert into runtime.sync_events (topic_id, seq, class, day, kind, payload, payload_sha256, inserted_at)
        values (1, 1, 'run_events', now(), 'x', ''::bytea, sha256(''::bytea), now())`.then(
        () => {},
      ),
    );
    await expect(attempt).rejects.toThrow(/no partition/);
  });
});

describe('idempotency', () => {
  test('the same key and event answers the stored one and appends nothing', async () => {
    const { run_id } = await createTestRun(database.runtime);
    const first = await journal.append(step(run_id, [delta('a', 'k1')]));
    const again = await journal.append(step(run_id, [delta('a', 'k1')]));
    expect(again.events).toEqual([{ ...first.events[0], replayed: true }]);
    expect(again.head_seq).toBe(1n);
    expect(await readLog(database.runtime, run_id)).toHaveLength(1);
  });

  test.each([
    ['payload', delta('other', 'k1')],
    ['type', { ...delta('a', 'k1'), event_type: 'text.done' }],
  ])('the same key with another %s is a conflict', async (_what, other) => {
    const { run_id } = await createTestRun(database.runtime);
    await journal.append(step(run_id, [delta('a', 'k1')]));
    const problem = await refusal(journal.append(step(run_id, [delta('b'), other])));
    expect(problem.code).toBe('idempotency_conflict');
    expect(await readLog(database.runtime, run_id)).toHaveLength(1);
  });

  test('a batch that is repeated with one event more appends only that one', async () => {
    const { run_id } = await createTestRun(database.runtime);
    await journal.append(step(run_id, [delta('a', 'a'), delta('b', 'b')]));
    const result = await journal.append(
      step(run_id, [delta('a', 'a'), delta('b', 'b'), delta('c', 'c')]),
    );
    expect(result.events.map(({ seq, replayed }) => [seq, replayed])).toEqual([
      [1n, true],
      [2n, true],
      [3n, false],
    ]);
  });

  test('a key twice in one step is one event, or a conflict', async () => {
    const { run_id } = await createTestRun(database.runtime);
    const result = await journal.append(step(run_id, [delta('a', 'k'), delta('a', 'k')]));
    expect(result.events.map(({ seq, replayed }) => [seq, replayed])).toEqual([
      [1n, false],
      [1n, true],
    ]);
    const problem = await refusal(journal.append(step(run_id, [delta('x', 'n'), delta('y', 'n')])));
    expect(problem.code).toBe('idempotency_conflict');
  });

  test('two appends of one key at once are one event', async () => {
    const { run_id } = await createTestRun(database.runtime);
    const other = createJournal({ sql: database.runtime, hint: () => {} });
    const results = await Promise.all(
      [journal, journal, other, other].map((writer) =>
        writer.append(step(run_id, [delta('a', 'once')])),
      ),
    );
    expect(results.map((result) => result.events[0]?.seq)).toEqual([1n, 1n, 1n, 1n]);
    expect(results.filter((result) => result.events[0]?.replayed === false)).toHaveLength(1);
  });

  test('it is looked up before the state: a repeated step of a closed log is answered', async () => {
    const { run_id } = await createTestRun(database.runtime);
    await journal.append(step(run_id, [delta('a', 'k1')]));
    await finish(journal, run_id);
    const again = await journal.append(step(run_id, [delta('a', 'k1')]));
    expect(again.events[0]).toMatchObject({ seq: 1n, replayed: true });
  });

  test('a repeated step does not apply its patch again', async () => {
    const { run_id } = await createTestRun(database.runtime);
    const early = step(run_id, [delta('a', 'k1')], { patch: { phase: 'dispatching' } });
    await journal.append(early);
    await journal.append(step(run_id, [delta('b')], { patch: { phase: 'executing' } }));
    await journal.append(early);
    expect((await readRun(database.runtime, run_id))?.phase).toBe('executing');
  });
});

describe('rules of state', () => {
  test('an append that expects another head is refused with the current one', async () => {
    const { run_id } = await createTestRun(database.runtime);
    await journal.append(step(run_id, [delta('a'), delta('b')]));
    const problem = await refusal(
      journal.append(step(run_id, [delta('c')], { expected_previous_seq: 1n })),
    );
    expect(problem).toMatchObject({ code: 'sequence_conflict', currentSeq: 2n });
    await journal.append(step(run_id, [delta('c')], { expected_previous_seq: 2n }));
    expect(await readLog(database.runtime, run_id)).toHaveLength(3);
  });

  test('of two that expect the same head, one wins', async () => {
    const { run_id } = await createTestRun(database.runtime);
    const other = createJournal({ sql: database.runtime, hint: () => {} });
    const results = await Promise.allSettled(
      [journal, other].map((writer, index) =>
        writer.append(step(run_id, [delta(`from ${index}`)], { expected_previous_seq: 0n })),
      ),
    );
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('run.finished closes the log: its hash is the trajectory', async () => {
    const { run_id } = await createTestRun(database.runtime);
    await finish(journal, run_id);
    const problem = await refusal(journal.append(step(run_id, [delta('late')])));
    expect(problem.code).toBe('run_closed');
    const row = await readRun(database.runtime, run_id);
    expect(row?.trajectory_hash).toEqual(row?.last_event_hash);
    expect(row?.terminal_at).toBeInstanceOf(Date);
  });

  test('nothing follows run.finished within its own step', async () => {
    const { run_id } = await createTestRun(database.runtime);
    const problem = await refusal(
      journal.append(
        step(run_id, [{ event_type: 'run.finished', payload: {} }, delta('one more')]),
      ),
    );
    expect(problem.code).toBe('run_closed');
    expect(await readLog(database.runtime, run_id)).toHaveLength(0);
  });

  test('what is derived from a closed log may still be named', async () => {
    const { run_id } = await createTestRun(database.runtime);
    await finish(journal, run_id);
    const replay = { kind: 'replay', sha256: ROOT_HASH, bytes: '1', uri: '' };
    await journal.append(step(run_id, [], { patch: { replay } }));
    expect((await readRun(database.runtime, run_id))?.replay).toEqual(replay);
  });

  test.each([
    'run.finished',
    'verification.finished',
    'payment.settled',
    'receipt.issued',
    'policy.decided',
    'turn.started',
    'approval.resolved',
  ])('the public append refuses %s', async (event_type) => {
    const { run_id } = await createTestRun(database.runtime);
    const problem = await refusal(
      journal.append(step(run_id, [{ event_type, payload: {} }], { origin: 'public' })),
    );
    expect(problem.code).toBe('reserved_event_type');
  });

  test('a flood of public batches is refused with the time to wait, the platform is not', async () => {
    const { run_id } = await createTestRun(database.runtime);
    const writer = createJournal({ sql: database.runtime, hint: () => {}, clock: () => 0 });
    const results = await Promise.allSettled(
      Array.from({ length: 241 }, (_, index) =>
        writer.append(step(run_id, [delta(String(index))], { origin: 'public' })),
      ),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.map((result) => result.reason)).toMatchObject([
      { code: 'rate_limited', retryAfterMs: 5 },
    ]);
    await writer.append(step(run_id, [delta('platform')]));
    expect(await readLog(database.runtime, run_id)).toHaveLength(241);
  });
});

describe('payloads', () => {
  test('NUL and lone surrogates become U+FFFD, and the event says so', async () => {
    const { run_id } = await createTestRun(database.runtime);
    await journal.append(step(run_id, [delta('a\0b\ud800c'), delta('clean')]));
    const [dirty, clean] = await readLog(database.runtime, run_id);
    expect(readPayload(dirty?.payload ?? new Uint8Array())).toMatchObject({
      delta: 'a\ufffdb\ufffdc',
    });
    expect([dirty?.sanitized, clean?.sanitized]).toEqual([true, false]);
  });

  test('finite doubles keep their value', async () => {
    const { run_id } = await createTestRun(database.runtime);
    const payload: JsonObject = { ratio: 0.1, tiny: 5e-324, large: 1e21 };
    await journal.append(step(run_id, [{ event_type: 'tool.result', payload }]));
    expect(
      readPayload((await readLog(database.runtime, run_id))[0]?.payload ?? new Uint8Array()),
    ).toEqual(payload);
  });

  test('a secret is redacted before it is hashed and stored', async () => {
    const { run_id } = await createTestRun(database.runtime);
    const writer = createJournal({
      sql: database.runtime,
      hint: () => {},
      redact: () => ({ value: { delta: '[redacted]' }, redacted: ['$.delta'] }),
    });
    await writer.append(step(run_id, [delta('hunter2')]));
    const [event] = await readLog(database.runtime, run_id);
    expect(Buffer.from(event?.payload ?? []).toString()).toBe('{"delta":"[redacted]"}');
    expect(event?.sanitized).toBe(true);
  });

  test('an event over the cap of its class is refused, one at the cap is not', async () => {
    const { run_id } = await createTestRun(database.runtime);
    const frame = JSON.stringify({ delta: '', item_id: 'item' }).length;
    await journal.append(step(run_id, [delta('x'.repeat(262_144 - frame))]));
    const problem = await refusal(
      journal.append(step(run_id, [delta('x'.repeat(262_145 - frame))])),
    );
    expect(problem.code).toBe('payload_too_large');
    expect(await readLog(database.runtime, run_id)).toHaveLength(1);
  });

  test('a step has a bounded number of events', async () => {
    const { run_id } = await createTestRun(database.runtime);
    const events = Array.from({ length: STEP_EVENTS_MAX + 1 }, () => delta(''));
    const problem = await refusal(journal.append(step(run_id, events)));
    expect(problem.code).toBe('payload_too_large');
  });

  test.each(['', 'Text', 'a b', 'a.', "a'--", 'x'.repeat(161)])(
    '%j is not an event type',
    async (event_type) => {
      const { run_id } = await createTestRun(database.runtime);
      const problem = await refusal(journal.append(step(run_id, [{ event_type, payload: {} }])));
      expect(problem).toMatchObject({
        code: 'invalid_request',
        faults: [{ path: '$.events[0].event_type' }],
      });
    },
  );
});
