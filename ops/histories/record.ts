/**
 * Records scenarios anew into the newest build; run it with a change of a workflow, and commit what it wrote with that
 * change. Names of scenarios as arguments record these alone.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { HISTORIES, newestBuild } from '#workflows/testing/histories.ts';

const SCENARIOS = [
  'services/worker/scenarios.temporal.test.ts',
  'services/worker/sync-scenarios.temporal.test.ts',
];

const root = join(import.meta.dirname, '..', '..');
const directory = join(HISTORIES, newestBuild());
const names = process.argv.slice(2);
for (const file of readdirSync(directory)) {
  // A run that needs fewer verifications than before leaves none behind.
  const isAsked = names.length === 0 || names.includes(file.split('.', 1)[0] ?? '');
  if (file.endsWith('.json') && isAsked) rmSync(join(directory, file));
}
const only = names.length === 0 ? [] : ['-t', `^(${names.join('|')})$`];
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--project', 'temporal', ...SCENARIOS, ...only],
  { cwd: root, stdio: 'inherit', env: { ...process.env, OA_RECORD_HISTORIES: '1' } },
);
process.exitCode = status ?? 1;
