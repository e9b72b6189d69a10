/**
 * Two builds of the worker, as processes, on a server of their own: what docs/versioning.md promises of a deploy, and its
 * commands word for word.
 */
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '#ops/dev/free-port.ts';
import { temporalCli } from '#ops/dev/temporal-cli.ts';
import { startTemporalServer } from '#ops/dev/temporal-server.ts';
import { newId } from '#proto/ids.ts';
import {
  bundleWithChange,
  COMPATIBLE,
  type Edit,
  INCOMPATIBLE,
} from '#workflows/testing/changed-workflows.ts';
import { QUIET } from '#workflows/testing/replay.ts';
import { documentedCommands, type RunDocumented } from './testing/documented-command.ts';
import { type Lab, openLab } from './testing/lab.ts';
import { type RunHandle, runInput, startRun, taskSpec } from './testing/runs.ts';
import { type ScriptedAgent, startAgent } from './testing/scripted-agent.ts';
import {
  startWorkerProcess,
  type WorkerBuild,
  type WorkerProcess,
} from './testing/worker-process.ts';
import { workflowBundle } from './workflow-bundle.ts';

/** A server in a hurry: by default it looks every three minutes whether a build is drained, and remembers pollers for five. */
const IN_A_HURRY = {
  'matching.wv.VersionDrainageStatusVisibilityGracePeriod': '"1s"',
  'matching.wv.VersionDrainageStatusRefreshInterval': '"1s"',
  'matching.PollerHistoryTTL': '"2s"',
};

const root = join(import.meta.dirname, '..', '..');
let directory: string;
let address: string;
let run: RunDocumented;
let lab: Lab;
let stopServer: () => Promise<void>;
const workers: WorkerProcess[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'oa-rolling-'));
  const cliPath = (await temporalCli(join(root, '.cache'))).path;
  const port = await freePort();
  const server = await startTemporalServer({ cliPath, port, dynamicConfig: IN_A_HURRY });
  address = `127.0.0.1:${port}`;
  stopServer = async () => {
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
  };
  lab = await openLab({ temporalAddress: address });
  const { namespace } = lab;
  run = await documentedCommands('docs/versioning.md', { address, namespace });
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop('SIGKILL')));
  await lab?.[Symbol.asyncDispose]();
  await stopServer?.();
  await rm(directory, { recursive: true, force: true });
});

async function build(buildId: string, ...edits: Edit[]): Promise<WorkerBuild> {
  const bundles = await mkdtemp(join(directory, `${buildId}-`));
  await workflowBundle(bundles, QUIET);
  if (edits.length > 0) {
    const [file = ''] = await readdir(bundles);
    await writeFile(join(bundles, file), (await bundleWithChange(...edits)).code);
  }
  return { buildId, bundles };
}

async function start(one: WorkerBuild): Promise<WorkerProcess> {
  const worker = await startWorkerProcess(lab, one, address);
  workers.push(worker);
  return worker;
}

interface OpenRun {
  handle: RunHandle;
  runId: string;
  /** Lets the agent answer its open turn; how the run ended. */
  complete(): Promise<string>;
}

/** A run whose agent works on its turn and will answer when told. */
async function beginRun(): Promise<OpenRun> {
  const owner = { user_id: newId('user') };
  const agent: ScriptedAgent = await startAgent(lab, owner);
  const input = runInput(owner, taskSpec());
  const handle = await startRun(lab, input);
  const turn = await agent.request('turn/start');
  return {
    handle,
    runId: input.run_id,
    async complete() {
      await agent.completeTurn(turn, { patch: null, repo_bundle: null });
      return (await handle.result()).status;
    },
  };
}

/** Which builds worked on it, and in whose words it offered its turn. */
async function historyOf({ handle }: OpenRun) {
  const { events } = await handle.fetchHistory();
  const builds = (events ?? []).flatMap(
    (event) => event.workflowTaskCompletedEventAttributes?.deploymentVersion?.buildId ?? [],
  );
  const summaries = (events ?? []).map((event) =>
    Buffer.from(event.userMetadata?.summary?.data ?? []).toString(),
  );
  const isMarked = summaries.some((text) => text.includes('The next build offers turn 1'));
  return { builds: [...new Set(builds)], isMarked };
}

const PATIENCE = { timeout: 60_000, interval: 500 };
/** Long enough for a worker to have taken the task, were there one. */
const WAITS_MS = 2_000;

const DESCRIBE = 'temporal worker deployment describe --name openagents-worker';
const DESCRIBE_VERSION =
  'temporal worker deployment describe-version --deployment-name openagents-worker --build-id BUILD';
const SET_CURRENT =
  'temporal worker deployment set-current-version --deployment-name openagents-worker --build-id BUILD --yes';
const LIST_PINNED =
  "temporal workflow list --query \"TemporalWorkerDeploymentVersion = 'openagents-worker:BUILD' and ExecutionStatus = 'Running'\"";
const MOVE =
  'temporal workflow update-options --workflow-id run/RUN_ID --versioning-override-behavior pinned --versioning-override-deployment-name openagents-worker --versioning-override-build-id BUILD';
const DELETE =
  'temporal worker deployment delete-version --deployment-name openagents-worker --build-id BUILD';

test('a rolling upgrade, its rollback and the end of a build lose nothing', async () => {
  const [first, second] = [await build('build-1'), await build('build-2', COMPATIBLE)];
  const oldWorker = await start(first);
  const begunOnFirst = await beginRun();

  const newWorker = await start(second);
  const begunOnSecond = await beginRun();
  expect(await begunOnFirst.complete()).toBe('succeeded');
  expect(await historyOf(begunOnFirst)).toEqual({ builds: ['build-1'], isMarked: false });
  expect(await begunOnSecond.complete()).toBe('succeeded');
  expect(await historyOf(begunOnSecond)).toEqual({ builds: ['build-2'], isMarked: true });

  const openAtRollback = await beginRun();
  await run(SET_CURRENT, { BUILD: 'build-1' });
  expect(await run(DESCRIBE)).toMatch(/CurrentVersionBuildID\s+build-1/);
  const begunAfterRollback = await beginRun();
  expect(await openAtRollback.complete()).toBe('succeeded');
  expect((await historyOf(openAtRollback)).builds).toEqual(['build-2']);
  expect(await begunAfterRollback.complete()).toBe('succeeded');
  expect((await historyOf(begunAfterRollback)).builds).toEqual(['build-1']);

  const killed = await beginRun();
  await oldWorker.stop('SIGKILL');
  await start(first);
  expect(await killed.complete()).toBe('succeeded');
  expect((await historyOf(killed)).builds).toEqual(['build-1']);

  await newWorker.stop('SIGTERM');
  const restarted = await start(second);
  expect(restarted.output()).toContain('it takes no new runs');
  expect(await run(DESCRIBE)).toMatch(/CurrentVersionBuildID\s+build-1/);

  await restarted.stop('SIGTERM');
  await expect
    .poll(() => run(DESCRIBE_VERSION, { BUILD: 'build-2' }), PATIENCE)
    .toMatch(/DrainageStatus\s+drained/i);
  await expect
    .poll(() => run(DELETE, { BUILD: 'build-2' }).then(String, String), PATIENCE)
    .not.toContain('rror');
  expect(await run(DESCRIBE)).not.toContain('build-2');
}, 240_000);

test('a run whose build is gone waits, is found, and goes on where it is moved to', async () => {
  const gone = await start(await build('build-3', COMPATIBLE));
  const left = await beginRun();
  await gone.stop('SIGKILL');
  await run(SET_CURRENT, { BUILD: 'build-1' });
  await expect.poll(() => run(LIST_PINNED, { BUILD: 'build-3' }), PATIENCE).toContain(left.runId);
  const completing = left.complete();
  await delay(WAITS_MS);
  expect((await left.handle.describe()).status.name).toBe('RUNNING');
  await run(MOVE, { RUN_ID: left.runId, BUILD: 'build-1' });
  expect(await completing).toBe('succeeded');
  expect(await historyOf(left)).toEqual({ builds: ['build-3', 'build-1'], isMarked: true });
}, 120_000);

test('in development another commit takes up the runs, or says why it cannot and leaves them', async () => {
  const [committed, reworded, broken] = [
    await build('dev'),
    await build('dev', COMPATIBLE),
    await build('dev', INCOMPATIBLE),
  ];
  const yesterday = await start(committed);
  const [follows, stays] = [await beginRun(), await beginRun()];
  await yesterday.stop('SIGKILL');

  const today = await start(reworded);
  expect(await follows.complete()).toBe('succeeded');
  await today.stop('SIGTERM');

  const mistaken = await start(broken);
  const completing = stays.complete();
  await expect
    .poll(async () => JSON.stringify(await stays.handle.fetchHistory()), PATIENCE)
    .toContain('Nondeterminism error');
  expect((await stays.handle.describe()).status.name).toBe('RUNNING');
  await mistaken.stop('SIGTERM');

  const again = await start(committed);
  expect(await completing).toBe('succeeded');
  await again.stop('SIGTERM');
}, 180_000);
