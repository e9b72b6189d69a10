import { spawnSync } from 'node:child_process';

/** `npm run check`: what a commit must pass, in two minutes. `npm run verify` is the whole gate. */
const STEPS = [
  ['biome', 'check', '--error-on-warnings', '.'],
  ['tsc', '--noEmit'],
  ['vitest', 'run', '--project', 'unit', '--project', 'pg'],
];

const failing = STEPS.find(([program = '', ...args]) => {
  return spawnSync(program, args, { stdio: 'inherit' }).status !== 0;
});
process.exitCode = failing ? 1 : 0;
