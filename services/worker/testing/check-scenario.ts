import { expect } from 'vitest';
import { verifyReceipt } from '#proto/receipt.ts';
import { applyRunEvent, INITIAL_RUN_STATE } from '#workflows/run/state.ts';
import { recordHistories } from './histories.ts';
import type { Lab } from './lab.ts';
import { type SeenRun, seeRun } from './runs.ts';
import { play, type Scenario } from './scenarios/stage.ts';

/** Plays a scenario and checks what holds for every run, however it ended. */
export async function checkScenario(lab: Lab, scenario: Scenario): Promise<void> {
  const { input, handle } = await play(lab, scenario);
  const seen = await seeRun(lab, input.run_id);

  expect(await handle.result()).toMatchObject(scenario.ends);
  expect(seen.row).toMatchObject({
    status: scenario.ends.status,
    terminal_reason_class: scenario.ends.reason_class,
    phase: '',
  });
  checkLog(seen, scenario.ends);
  await checkReceipt(lab, seen);
  await checkRequests(lab, seen);
  await recordHistories(lab, scenario.name, input.run_id);
}

function checkLog({ events, types }: SeenRun, ends: Scenario['ends']): void {
  expect(types.filter((type) => type === 'run.created')).toHaveLength(1);
  expect(types.at(-1)).toBe('run.finished');
  expect(events.at(-1)?.payload).toMatchObject(ends);
  let state = INITIAL_RUN_STATE;
  for (const { event_type, payload } of events) state = applyRunEvent(state, event_type, payload);
  expect(state).toMatchObject(ends);
}

async function checkReceipt(lab: Lab, { row, receipts }: SeenRun): Promise<void> {
  expect(receipts).toHaveLength(1);
  const [receipt] = receipts;
  const trajectory = Buffer.from(row.trajectory_hash ?? []).toString('hex');
  expect(receipt?.['receipt_id']).toBe(row.receipt_id);
  expect(receipt?.['subject']).toMatchObject({ trajectory_hash: `sha256:${trajectory}` });
  expect(receipt?.['body']).toMatchObject({ event_count: Number(row.latest_seq) });
  expect(await verifyReceipt(receipt, await lab.keySet())).toMatchObject({ ok: true });
}

/** No turn is left open, and every turn that began has ended once. */
async function checkRequests(lab: Lab, { row, payloads }: SeenRun): Promise<void> {
  const open = await lab.sql`
    select request_id from runtime.worker_requests
    where run_id = ${row.run_id} and state = 'pending' and method = 'turn/start'`;
  expect(open).toHaveLength(0);
  const requests = (type: string) => payloads(type).map((payload) => payload['request_id']);
  expect(requests('turn.finished')).toEqual(requests('turn.started'));
}
