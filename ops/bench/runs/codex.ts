import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type AppServer, openAppServer } from '#clients/agent-host/drivers/codex/app-server.ts';
import { prepareHome } from '#clients/agent-host/drivers/codex/home.ts';
import { locateCodex } from '#clients/agent-host/drivers/codex/locate.ts';
import {
  inOrder,
  startScriptedModel,
} from '#clients/agent-host/drivers/codex/testing/scripted-model.ts';
import { stackLayout } from '../../dev/layout.ts';
import type { Operator } from '../../testing/operator.ts';
import { stackDirectory } from '../../testing/stack-process.ts';
import { startBenchStack } from '../bench-stack.ts';
import { type Measure, median } from '../measure.ts';
import { loggedEvent } from './logged-event.ts';

const ROUNDS = 10;
const WARM_UP_ROUNDS = 2;
/** A model of Codex's own catalogue. */
const MODEL = 'gpt-5.5';
const PROMPT = 'look around and say what you see';
const STOP_GRACE_MS = 2_000;

/** It answers at once, so that nothing hides what the platform adds. */
const SCRIPT = inOrder(
  [{ call: 'exec_command', arguments: { cmd: 'ls' } }],
  [{ say: 'There is nothing here.' }],
);

/** A turn of the real Codex through every process, over the same turn by JSON-RPC alone. */
export async function measureCodex(): Promise<Measure[]> {
  const binary = await codexBinary();
  const directory = await stackDirectory();
  const model = await startScriptedModel(SCRIPT);
  const codexHome = join(directory, 'bare-codex');
  try {
    await using bench = await startBenchStack(directory, {
      hostFlags: ['--codex', binary, '--codex-url', model.url, '--codex-model', MODEL],
    });
    const provider = { kind: 'server' as const, baseUrl: model.url, variable: undefined };
    await prepareHome({ directory: codexHome, provider, model: MODEL });
    const platform: number[] = [];
    const bare: number[] = [];
    for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round += 1) {
      const bareTurnMs = await bareMs({ binary, directory, codexHome });
      const platformTurnMs = await platformMs(bench.operator);
      if (round < WARM_UP_ROUNDS) continue;
      bare.push(bareTurnMs);
      platform.push(platformTurnMs);
    }
    return [turnMeasure(platform, bare)];
  } finally {
    await model.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function codexBinary(): Promise<string> {
  const search = await locateCodex({
    setting: process.env['OA_CODEX'] || undefined,
    cacheDirectory: stackLayout({}).cache,
    searchPath: process.env['PATH'],
  });
  if (!search.found) throw new Error(search.reason);
  return search.found.path;
}

/** By the log's own times: from the turn's offer to a worker until its end is journaled. */
async function platformMs(operator: Operator): Promise<number> {
  const { run_id } = await operator.call<{ run_id: string }>('runtime', 'POST', '/v1/runs', {
    spec: {
      objective: PROMPT,
      work_unit: 'agent_task',
      agent: { driver: 'codex', prompt: PROMPT },
    },
  });
  const ended = await loggedEvent(operator, run_id, 'run.finished');
  const started = await loggedEvent(operator, run_id, 'turn.started');
  const finished = await loggedEvent(operator, run_id, 'turn.finished');
  if (ended.payload['status'] !== 'succeeded') {
    throw new Error(`the run of Codex ended as ${JSON.stringify(ended.payload)}`);
  }
  return Date.parse(finished.recorded_at) - Date.parse(started.recorded_at);
}

interface BareCodex {
  binary: string;
  directory: string;
  /** Of all bare turns, as a worker has one: making it anew is no part of a turn. */
  codexHome: string;
}

/** From the start of the binary to its end: what a program needs that drives one turn and nothing else. */
async function bareMs({ binary, directory, codexHome }: BareCodex): Promise<number> {
  const own = await mkdtemp(join(directory, 'bare-'));
  const workTree = join(own, 'work');
  const temporary = join(own, 'tmp');
  for (const made of [workTree, temporary]) await mkdir(made);
  let completed: (turn: string) => void = () => {};
  const ended = new Promise<string>((resolve) => {
    completed = resolve;
  });
  const startedAt = performance.now();
  const server = await openAppServer({
    argv: [binary, 'app-server'],
    cwd: workTree,
    env: {
      PATH: process.env['PATH'] ?? '',
      // Commands run in the person's login shell, here as there.
      HOME: process.env['HOME'] ?? '',
      CODEX_HOME: codexHome,
      TMPDIR: temporary,
    },
    namespaced: false,
    stopGraceMs: STOP_GRACE_MS,
    processStarting: async () => {},
    signal: new AbortController().signal,
    onNotification(method, params) {
      if (method !== 'turn/completed') return;
      completed((params as { turn: { status: string } }).turn.status);
    },
    onRequest: () => Promise.reject(new Error('the script asks for nothing')),
  });
  try {
    await takeTurn(server, workTree);
    const status = await ended;
    if (status !== 'completed') throw new Error(`the bare turn ended as ${status}`);
  } finally {
    await server.stop();
  }
  return performance.now() - startedAt;
}

async function takeTurn(server: AppServer, cwd: string): Promise<void> {
  const { thread } = await server.call('thread/start', {
    cwd,
    approvalPolicy: 'on-request',
    permissions: ':workspace',
    model: MODEL,
  });
  await server.call('turn/start', {
    threadId: thread.id,
    input: [{ type: 'text', text: PROMPT, text_elements: [] }],
    permissions: ':workspace',
  });
}

function turnMeasure(platform: number[], bare: number[]): Measure {
  return {
    name: 'turn of Codex through the platform, p50',
    value: median(platform.map((ms, index) => ms / (bare[index] ?? Number.NaN))),
    unit: '×',
    better: 'lower',
    goal: 1.25,
    stretch: 1.1,
    baseline: `the same turn by JSON-RPC alone, ${median(bare).toFixed(0)} ms (subject ${median(platform).toFixed(0)} ms)`,
    samples: { platform_ms: platform, bare_ms: bare },
  };
}
