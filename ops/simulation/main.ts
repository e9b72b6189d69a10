/** One simulation as a process, for the long mode: OA_SIMULATION_SEED, OA_SIMULATION_HISTORIES. */
import { FailingHistory, simulate, simulationOf } from './simulate.ts';
import { WORLDS } from './worlds.ts';

const simulation = simulationOf(process.env);
try {
  const played = await simulate(simulation, WORLDS);
  process.stdout.write(`${played} histories from seed ${simulation.seed}: nothing broke\n`);
} catch (error) {
  if (!(error instanceof FailingHistory)) throw error;
  process.stdout.write(`${error.message}\n`);
  process.exitCode = 1;
}
