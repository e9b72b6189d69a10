/**
 * Would today's code take up the runs that earlier builds began? Every recorded history of every build is replayed under its
 * own id; a command that differs from the recorded one fails by name (docs/versioning.md).
 */
import { join } from 'node:path';
import type { WorkflowBundle } from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';
import { workflowBundle } from '../../services/worker/workflow-bundle.ts';
import { builds, readHistories } from '../testing/histories.ts';
import { QUIET, replayAll } from '../testing/replay.ts';

const BUNDLES = join(import.meta.dirname, '..', '..', '.cache', 'workflows');

const recorded = builds().flatMap(readHistories);

let bundle: WorkflowBundle;
let broken: Map<string, string>;
beforeAll(async () => {
  bundle = await workflowBundle(BUNDLES, QUIET);
  broken = await replayAll(bundle, recorded);
}, 120_000);

describe('recorded histories', () => {
  test.each(recorded)('$build: $file replays as $workflow_id', ({ name }) => {
    expect(broken.get(name)).toBeUndefined();
  });

  test.each(recorded)('$build: $file names no machine and no secret', ({ history }) => {
    const text = JSON.stringify(history);
    expect(text).not.toMatch(/\/(home|root|Users|tmp|work)\//);
    expect(text).not.toMatch(/node_modules|Bearer |PRIVATE KEY|@[a-z0-9-]+\.local/);
  });

  test('a history that does not fit is named, with its build and what to do', async () => {
    const [one] = recorded.filter(({ scenario }) => scenario === 'success-agent-task');
    if (!one) throw new Error('the history is missing');
    const history = JSON.parse(
      JSON.stringify(one.history).replaceAll('"dispatchTurn"', '"dispatchAnotherTurn"'),
    );
    const advice = (await replayAll(bundle, [{ ...one, history }])).get(one.name);
    expect(advice).toContain(`workflows/histories/${one.build}/success-agent-task.json`);
    expect(advice).toContain('dispatch');
    expect(advice).toContain('docs/versioning.md');
  });
});
