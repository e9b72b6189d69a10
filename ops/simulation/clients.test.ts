import { expect, test } from 'vitest';
import { simulate, simulationOf } from './simulate.ts';
import { CLIENT_WORLDS } from './worlds.ts';

const LONG_MS = 600_000;

const simulation = simulationOf(process.env);

test(`no history of the clients breaks an invariant (seed ${simulation.seed})`, {
  timeout: LONG_MS,
}, async () => {
  expect(await simulate(simulation, CLIENT_WORLDS)).toBeGreaterThan(0);
});
