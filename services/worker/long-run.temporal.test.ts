import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listRunReceipts } from '#db/runtime/receipts.ts';
import { readRunEvents, type StoredRunEvent } from '#db/runtime/run-events.ts';
import { chainVerifier } from '#proto/event-chain.ts';
import { newId } from '#proto/ids.ts';
import { verifyReceipt } from '#proto/receipt.ts';
import { HISTORY_EVENTS_MAX } from '#workflows/run/continue.ts';
import { workerAvailableSignal } from '#workflows/run/messages.ts';
import { historyLengths } from './testing/chain.ts';
import { type Lab, openLab } from './testing/lab.ts';
import { patchSpec, runInput, startRun } from './testing/runs.ts';
import { startAgent } from './testing/scripted-agent.ts';

const TURNS = 500;
const EVENTS = 100_000;
const LASTS_AT_MOST_MS = 900_000;

/** A history can end only between two signals: those that arrive with its last task belong to it. */
const BURSTS = 12;
const SIGNALS_OF_BURST = 200;
const BETWEEN_BURSTS_MS = 500;

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
  await lab.startWorker();
});
afterAll(() => lab[Symbol.asyncDispose]());

async function* wholeLog(runId: string): AsyncGenerator<StoredRunEvent> {
  let afterSeq = 0n;
  for (;;) {
    const page = await readRunEvents(lab.sql, runId, { afterSeq, limit: 1_000 });
    const last = page?.events.at(-1);
    if (!page || !last) return;
    yield* page.events;
    afterSeq = last.seq;
  }
}

test(`a run of ${TURNS} turns and ${EVENTS} events keeps every history below ${HISTORY_EVENTS_MAX} events`, {
  timeout: LASTS_AT_MOST_MS,
}, async () => {
  const owner = { user_id: newId('user') };
  const agent = await startAgent(lab, owner);
  // Nobody renews it here, and the run outlasts a lease.
  await lab.sql`update runtime.workers set lease_expires_at = clock_timestamp() + interval '1 h'
    where worker_id = ${agent.worker_id}`;
  const spec = patchSpec('accept-500', {
    limits: { wall_s_max: LASTS_AT_MOST_MS / 1000, turns_max: TURNS, output_bytes_max: '0' },
  });
  if (spec.verification) spec.verification.attempts_max = TURNS;
  const input = runInput(owner, spec);
  const handle = await startRun(lab, input);
  const perTurn = EVENTS / TURNS;
  for (let turn = 1; turn <= TURNS; turn += 1) {
    const request = await agent.request('turn/start');
    await agent.emit(
      input.run_id,
      Array.from({ length: perTurn }, (_, index) => ({
        event_type: 'text.delta',
        payload: { item_id: `item-${turn}`, delta: `${index} ` },
      })),
    );
    await agent.completeTurn(request);
  }
  expect(await handle.result()).toMatchObject({ status: 'succeeded', reason_class: 'completed' });

  const lengths = await historyLengths(lab, handle);

  expect(lengths.length).toBeGreaterThan(1);
  expect(Math.max(...lengths)).toBeLessThan(HISTORY_EVENTS_MAX);

  const counts = new Map<string, number>();
  const verifier = chainVerifier(input.run_id);

  for await (const event of wholeLog(input.run_id)) {
    counts.set(event.event_type, (counts.get(event.event_type) ?? 0) + 1);
    expect(verifier.next({ ...event, run_id: input.run_id }).ok).toBe(true);
  }
  expect(Object.fromEntries(counts)).toMatchObject({
    'run.created': 1,
    'run.started': 1,
    'turn.started': TURNS,
    'turn.finished': TURNS,
    'verification.finished': TURNS,
    'text.delta': EVENTS,
    'run.finished': 1,
  });
  const receipts = await listRunReceipts(lab.sql, {
    run_id: input.run_id,
    schema: 'openagents.run.receipt.v1',
  });
  expect(receipts).toHaveLength(1);
  expect(await verifyReceipt(receipts[0]?.receipt, await lab.keySet())).toMatchObject({ ok: true });
});

test('a turn during which thousands of messages arrive goes on in new histories', {
  timeout: LASTS_AT_MOST_MS,
}, async () => {
  const owner = { user_id: newId('user') };
  const agent = await startAgent(lab, owner);
  const input = runInput(owner, patchSpec('accept'));
  const handle = await startRun(lab, input);
  const request = await agent.request('turn/start');
  for (let burst = 0; burst < BURSTS; burst += 1) {
    for (let sent = 0; sent < SIGNALS_OF_BURST; sent += 1) {
      await handle.signal(workerAvailableSignal, { worker_id: agent.worker_id });
    }
    await delay(BETWEEN_BURSTS_MS);
  }
  await agent.completeTurn(request);
  expect(await handle.result()).toMatchObject({ status: 'succeeded' });
  const lengths = await historyLengths(lab, handle);
  expect(lengths.length).toBeGreaterThan(1);
  expect(Math.max(...lengths)).toBeLessThan(HISTORY_EVENTS_MAX);
});
