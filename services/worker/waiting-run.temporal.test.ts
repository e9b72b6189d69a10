/**
 * A run that waits for a person cannot go on in a new history (workflows/run/continue.ts), so what may still be said to it is
 * bounded: looks leave no event, refusals neither, and messages only until as many wait as may.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HISTORY_EVENTS_MAX } from '#workflows/run/continue.ts';
import { QUEUED_MESSAGES_MAX } from '#workflows/run/limits.ts';
import { interruptTurnUpdate, runStateQuery } from '#workflows/run/messages.ts';
import { historyLengths } from './testing/chain.ts';
import { type Lab, openLab } from './testing/lab.ts';
import { commandContext, patchSpec } from './testing/runs.ts';
import { say } from './testing/scenarios/conversation.ts';
import { cancel, completeTurn, play, reaches, type Stage } from './testing/scenarios/stage.ts';

/** Every ten minutes for a week would be a thousand; whatever leaves no event of a hundred leaves none of them. */
const LOOKS = 100;
const REFUSALS = 20;
/** The half between the mark at which a turn ends its history and the end: what no wait may use up. */
const EVENTS_OF_WAIT_MAX = HISTORY_EVENTS_MAX / 2;

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
  await lab.startWorker();
});
afterAll(() => lab[Symbol.asyncDispose]());

const refused = (asked: Promise<unknown>) => expect(asked).rejects.toThrow();

async function lengthOf({ handle }: Stage): Promise<number> {
  const lengths = await historyLengths(lab, handle);
  expect(lengths).toHaveLength(1);
  return lengths[0] ?? 0;
}

test('a run that waits for an answer does not outgrow its history, however often it is asked', async () => {
  await play(lab, {
    name: 'waits',
    spec: patchSpec('touches-tests'),
    async act(stage) {
      await completeTurn(stage);
      await reaches(stage, 'awaiting_approval');
      const before = await lengthOf(stage);
      for (let message = 0; message < QUEUED_MESSAGES_MAX; message += 1) await say(stage, 'queue');
      const full = await lengthOf(stage);
      expect(full - before).toBeLessThan(EVENTS_OF_WAIT_MAX);

      for (let look = 0; look < LOOKS; look += 1) await stage.handle.query(runStateQuery);
      for (let refusal = 0; refusal < REFUSALS; refusal += 1) {
        await refused(say(stage, 'queue'));
        const command = commandContext('runtime.run.interrupt');
        const args = { reason: '', requested_by: stage.owner.user_id, command };
        await refused(stage.handle.executeUpdate(interruptTurnUpdate, { args: [args] }));
      }
      expect(await lengthOf(stage)).toBe(full);
      await cancel(stage);
    },
    ends: { status: 'canceled', reason_class: 'canceled' },
  });
});
