/** Records every scenario's history anew; run it with a change of a workflow, and commit what it wrote with that change. */
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const SCENARIOS = 'services/worker/scenarios.temporal.test.ts';

const root = join(import.meta.dirname, '..', '..');
const histories = join(root, 'workflows', 'histories');
for (const file of readdirSync(histories)) {
  if (file.endsWith('.json')) rmSync(join(histories, file));
}
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--project', 'temporal', SCENARIOS],
  { cwd: root, stdio: 'inherit', env: { ...process.env, OA_RECORD_HISTORIES: '1' } },
);
process.exitCode = status ?? 1;
