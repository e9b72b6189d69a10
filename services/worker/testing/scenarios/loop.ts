/** Runs whose agent turns in a circle. */

import { LOOP_CRITICAL_CALLS } from '#workflows/run/loop-detection.ts';
import { loopDetectedSignal } from '#workflows/run/messages.ts';
import { gravestOf } from '#workflows/run/testing/loop-findings.ts';
import { repeating, traceOf } from '#workflows/run/testing/synthetic-tool-traces.ts';
import { patchSpec } from '../runs.ts';
import { reaches, type Scenario, type Stage } from './stage.ts';

const ENDS = {
  status: 'failed',
  reason_class: 'loop_detected',
  reason:
    'command_execution was called 20 times with the same parameters, and nothing new came of it',
};

/** The agent makes the same call over and over, and the run is told, twice, as a busy runtime may. */
async function turnInCircle(stage: Stage) {
  const { agent, handle, input } = stage;
  const turn = await agent.request('turn/start');
  await reaches(stage, 'executing');
  const trace = traceOf(repeating(LOOP_CRITICAL_CALLS));
  await agent.emit(
    input.run_id,
    trace.map(({ event_type, payload }) => ({ event_type, payload })),
  );
  const finding = gravestOf(trace);
  if (!finding) throw new Error('this trace is a loop');
  await handle.signal(loopDetectedSignal, finding);
  await handle.signal(loopDetectedSignal, finding);
  await agent.request('turn/interrupt');
  return turn;
}

export const LOOP_SCENARIOS: readonly Scenario[] = [
  {
    name: 'loop-detected-patch-kept',
    spec: patchSpec('accept'),
    async act(stage) {
      const turn = await turnInCircle(stage);
      await stage.agent.completeTurn(turn, { status: 'interrupted' });
    },
    ends: ENDS,
  },
  {
    name: 'loop-detected-silent',
    spec: patchSpec('accept'),
    async act(stage) {
      await turnInCircle(stage);
    },
    ends: ENDS,
  },
];
