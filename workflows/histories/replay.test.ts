/**
 * Would today's code take up the runs that yesterday's code began? Every recorded history is replayed under its own id; a
 * command that differs from the recorded one fails by name (docs/versioning.md).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import {
  bundleWorkflowCode,
  DefaultLogger,
  type ReplayWorkerOptions,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';

interface Fixture {
  scenario: string;
  workflow_id: string;
  history: object;
}

const fixtures = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.json'))
  .map((file) => JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as Fixture);

/** At least these: success, failure, cancel in each phase, worker lost and recovered, verification failed, timeout. */
const REQUIRED = [
  'success-verified-patch',
  'failure-exit-code',
  'cancel-dispatching',
  'cancel-executing-answered',
  'cancel-executing-silent',
  'cancel-verifying',
  'cancel-awaiting-approval',
  'recovered-lease-expired',
  'recovery-exhausted',
  'verification-failed',
  'timeout-executing',
];

/** Spans of a replay are nobody's. */
const sinks = { exporter: { export: { fn: () => undefined, callDuringReplay: false } } };

let options: ReplayWorkerOptions;
const failures = new Map<string, Error | undefined>();
beforeAll(async () => {
  const logger = new DefaultLogger('ERROR');
  Runtime.install({ logger, shutdownSignals: [] });
  const require = createRequire(import.meta.url);
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: join(import.meta.dirname, '..', 'index.ts'),
    workflowInterceptorModules: [
      require.resolve('@temporalio/interceptors-opentelemetry/lib/workflow-interceptors'),
    ],
    logger,
  });
  options = { workflowBundle, sinks };
  // One worker replays them all; it keeps none of them in its cache.
  const histories = fixtures.map(({ workflow_id, history }) => ({
    workflowId: workflow_id,
    history,
  }));
  for await (const result of Worker.runReplayHistories(options, histories)) {
    failures.set(result.workflowId, result.error);
  }
}, 120_000);

describe('recorded histories', () => {
  test.each(REQUIRED)('hold the scenario %s', (scenario) => {
    expect(fixtures.map((fixture) => fixture.scenario)).toContain(scenario);
  });

  test.each(fixtures)('$scenario replays as $workflow_id', ({ workflow_id }) => {
    expect(failures.has(workflow_id)).toBe(true);
    expect(failures.get(workflow_id)).toBeUndefined();
  });

  test.each(fixtures)('$scenario names no machine and no secret', ({ history }) => {
    const text = JSON.stringify(history);
    expect(text).not.toMatch(/\/(home|root|Users|tmp|work)\//);
    expect(text).not.toMatch(/node_modules|Bearer |PRIVATE KEY|@[a-z0-9-]+\.local/);
  });

  test('a changed workflow is noticed', async () => {
    const [fixture] = fixtures.filter(({ scenario }) => scenario === 'success-agent-task');
    if (!fixture) throw new Error('the fixture is missing');
    const changed = JSON.parse(
      JSON.stringify(fixture.history).replaceAll('"dispatchTurn"', '"dispatchAnotherTurn"'),
    );
    await expect(Worker.runReplayHistory(options, changed, fixture.workflow_id)).rejects.toThrow(
      /dispatch/,
    );
  });
});
