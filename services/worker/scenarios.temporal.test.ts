import { afterAll, beforeAll, test } from 'vitest';
import { checkScenario } from './testing/check-scenario.ts';
import { type Lab, openLab } from './testing/lab.ts';
import { SCENARIOS } from './testing/scenarios/all.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
  await lab.startWorker();
});
afterAll(() => lab[Symbol.asyncDispose]());

test.concurrent.each(SCENARIOS)('$name', (scenario) => checkScenario(lab, scenario));
