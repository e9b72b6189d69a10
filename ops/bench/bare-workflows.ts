import {
  condition,
  defineSignal,
  defineUpdate,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';

/** Baselines: what Temporal alone costs for the same number of steps. */
const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({
  startToCloseTimeout: '1 minute',
});

export async function bareSteps(steps: number): Promise<void> {
  for (let step = 0; step < steps; step += 1) await nothing();
}

export const startedUpdate = defineUpdate<void>('started');

export async function bareStart(): Promise<void> {
  let started = false;
  setHandler(startedUpdate, () => condition(() => started));
  await nothing();
  started = true;
}

export const answeredSignal = defineSignal('answered');

export async function bareSignal(): Promise<void> {
  let answered = false;
  setHandler(answeredSignal, () => {
    answered = true;
  });
  await condition(() => answered);
}
