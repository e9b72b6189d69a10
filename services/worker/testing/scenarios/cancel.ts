/** A cancel in every phase, from the API and from Temporal. */
import { patchSpec } from '../runs.ts';
import { cancel, completeTurn, reaches, type Scenario } from './stage.ts';

const CANCELED = {
  status: 'canceled',
  reason_class: 'canceled',
  reason: 'no longer needed',
};

export const CANCEL_SCENARIOS: readonly Scenario[] = [
  {
    name: 'cancel-dispatching',
    spec: patchSpec('accept'),
    withAgent: false,
    async act(stage) {
      await reaches(stage, 'dispatching');
      await cancel(stage);
    },
    ends: CANCELED,
  },
  {
    name: 'cancel-executing-answered',
    spec: patchSpec('accept'),
    async act(stage) {
      const { agent } = stage;
      const turn = await agent.request('turn/start');
      await reaches(stage, 'executing');
      await cancel(stage);
      const interrupt = await agent.request('turn/interrupt');
      await agent.completeTurn(turn, { status: 'interrupted' });
      await agent.answer(interrupt, { ok: true, response: { interrupted: 1 } });
    },
    ends: CANCELED,
  },
  {
    name: 'cancel-executing-silent',
    spec: patchSpec('accept'),
    async act(stage) {
      await stage.agent.request('turn/start');
      await reaches(stage, 'executing');
      await cancel(stage);
    },
    ends: CANCELED,
  },
  {
    name: 'cancel-verifying',
    spec: patchSpec('hang'),
    async act(stage) {
      await completeTurn(stage);
      await reaches(stage, 'verifying');
      await cancel(stage);
    },
    ends: CANCELED,
  },
  {
    name: 'cancel-awaiting-approval',
    spec: patchSpec('touches-tests'),
    async act(stage) {
      await completeTurn(stage);
      await reaches(stage, 'awaiting_approval');
      await cancel(stage);
    },
    ends: CANCELED,
  },
  {
    name: 'cancel-by-operator',
    spec: patchSpec('accept'),
    async act({ agent, handle }) {
      await agent.request('turn/start');
      await handle.cancel();
    },
    ends: { ...CANCELED, reason: 'the workflow was cancelled in Temporal' },
  },
];
