import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { HarnessInput, HarnessResult } from '#workflows/verification/ports.ts';
import { type ArtifactServer, startArtifactServer } from './testing/artifact-server.ts';
import { makeRepository } from './testing/repository.ts';
import { bubblewrapNeeded } from './testing/verifier.ts';

const QUEUE = `harness-test-${randomUUID()}`;
const MAIN = join(import.meta.dirname, 'main.ts');
const READY_WITHIN_MS = 20_000;

let directory: string;
let server: ArtifactServer;
let connection: Connection;
let client: Client;
let workflows: Worker;
let native: NativeConnection;
let working: Promise<void>;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'oa-verifier-main-'));
  server = await startArtifactServer(directory);
  const address = inject('temporalAddress');
  connection = await Connection.connect({ address });
  client = new Client({ connection });
  native = await NativeConnection.connect({ address });
  workflows = await Worker.create({
    connection: native,
    taskQueue: QUEUE,
    workflowsPath: join(import.meta.dirname, 'testing', 'harness.workflow.ts'),
  });
  working = workflows.run();
});

afterAll(async () => {
  workflows.shutdown();
  await working;
  await native.close();
  await connection.close();
  await server[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

interface VerifierProcess {
  readonly child: ChildProcess;
  readonly log: () => string;
  get(path: string): Promise<Response>;
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

function launch(env: Record<string, string> = {}): { child: ChildProcess; log: () => string } {
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      RUNTIME_URL: server.url,
      OA_SERVICE_KEY_FILE: server.serviceKeyFile,
      OA_VERIFIER_SCRATCH_DIR: join(directory, 'scratch'),
      VERIFIER_PORT: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout?.on('data', (chunk) => {
    text += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    text += chunk;
  });
  return { child, log: () => text };
}

async function startVerifier(env: Record<string, string> = {}): Promise<VerifierProcess> {
  const { child, log } = launch(env);
  const deadline = Date.now() + READY_WITHIN_MS;
  const url = () => log().match(/"url":"([^"]+)"/)?.[1];
  const get = async (path: string) => fetch(`${url()}${path}`);
  for (;;) {
    if (url() && (await get('/readyz')).ok) break;
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`not ready: ${log()}`);
    await sleep(50);
  }
  return {
    child,
    log,
    get,
    async stop(signal) {
      const ended = once(child, 'exit');
      child.kill(signal);
      const [code] = await ended;
      return code;
    },
  };
}

async function harnessInput(command: string): Promise<HarnessInput> {
  const repository = makeRepository(directory, { 'answer.txt': '41\n' });
  return {
    run_id: 'run_test',
    verification_id: randomUUID(),
    attempt: 1,
    repo: {
      bundle: await server.put('repo_bundle', repository.bundle),
      url: null,
      base_commit: repository.baseCommit,
      base_tree: repository.baseTree,
    },
    patch: await server.put('patch', repository.patch({ 'answer.txt': '42\n' })),
    harness: { commands: [command], protected_paths: [], env: {}, mounts_ro: [], timeout_s: 60 },
    limits: { wall_s_max: 0, output_bytes_max: 0 },
  };
}

const begin = async (input: HarnessInput) =>
  client.workflow.start<(input: HarnessInput) => Promise<HarnessResult>>('harness', {
    args: [input],
    taskQueue: QUEUE,
    workflowId: `harness/${input.verification_id}`,
  });

/** A process of this machine whose command line holds the mark; the sandbox hides names, not existence. */
function running(mark: string): boolean {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .some((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').at(-2) === mark;
      } catch {
        return false;
      }
    });
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('waited too long');
    await sleep(25);
  }
}

const scratchEntries = () =>
  existsSync(join(directory, 'scratch')) ? readdirSync(join(directory, 'scratch')) : [];

it.skipIf(bubblewrapNeeded)(
  `judges a patch handed over by Temporal, and ends cleanly${bubblewrapNeeded}`,
  async () => {
    const verifier = await startVerifier();
    const handle = await begin(await harnessInput('grep -q 42 answer.txt'));
    expect(await handle.result()).toMatchObject({
      verdict: 'accepted',
      strength: 'fail_to_pass',
      isolation: { sandboxed: true },
      toolchain: expect.stringMatching(/^git \d/),
    });
    expect(await (await verifier.get('/metrics')).text()).toMatch(
      /harness_verdicts_total\{.*verdict="accepted".*\} 1/,
    );
    expect(await (await verifier.get('/isolation')).json()).toMatchObject({
      sandboxed: true,
      enforced: expect.arrayContaining(['network_namespace', 'unprivileged_uid']),
    });
    expect(await verifier.stop('SIGTERM')).toBe(0);
    expect(scratchEntries()).toEqual([]);
  },
);

it.skipIf(bubblewrapNeeded)(
  `kills what runs when the workflow is cancelled${bubblewrapNeeded}`,
  async () => {
    const verifier = await startVerifier();
    const mark = String(1_000_000 + process.pid);
    const handle = await begin(await harnessInput(`exec sleep ${mark}`));
    await until(() => running(mark));
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow('cancelled');
    expect(running(mark)).toBe(false);
    await verifier.stop('SIGTERM');
    expect(scratchEntries()).toEqual([]);
  },
);

it.skipIf(bubblewrapNeeded)(
  `leaves no process when it is killed, and its next start removes the rest${bubblewrapNeeded}`,
  async () => {
    const verifier = await startVerifier();
    const mark = String(2_000_000 + process.pid);
    const handle = await begin(await harnessInput(`exec sleep ${mark}`));
    await until(() => running(mark));
    await verifier.stop('SIGKILL');
    await until(() => !running(mark));
    const left = scratchEntries();
    expect(left).toHaveLength(1);
    await handle.terminate();
    const next = await startVerifier();
    expect(scratchEntries()).toHaveLength(1);
    expect(scratchEntries()).not.toEqual(left);
    await next.stop('SIGTERM');
  },
);

it('refuses to start in production without isolation, naming every fault', async () => {
  const { child, log } = launch({
    OA_ENV: 'production',
    OA_ALLOW_UNSANDBOXED: '1',
    VERIFIER_PORT: 'x',
  });
  const [code] = await once(child, 'exit');
  expect(code).toBe(78);
  expect(log()).toContain('VERIFIER_PORT');
});
