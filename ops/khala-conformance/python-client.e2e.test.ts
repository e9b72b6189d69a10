/** A client in another language, written from docs/khala.md, on a stack as a person starts it. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTcpProxy, type TcpProxy } from '#services/khala/testing/tcp-proxy.ts';
import { eventually, executable, killed, type Oa, oaOf } from '../testing/oa.ts';
import { type Operator, signIn } from '../testing/operator.ts';
import {
  removeStack,
  type StackProcess,
  stackDirectory,
  startStackProcess,
} from '../testing/stack-process.ts';
import { pythonNeeded, pythonWithRequirements } from './python.ts';

const CLIENT = join(import.meta.dirname, 'python_client.py');
const LINES_MAX = 150;
const EMAIL = 'python@example.invalid';

let stack: StackProcess;
let line: TcpProxy;
let person: Operator;
let host: ReturnType<Oa['start']> | undefined;

beforeAll(async () => {
  stack = await startStackProcess(await stackDirectory());
  const { hostname, port } = new URL(stack.state().addresses['khala'] ?? '');
  line = await startTcpProxy({ host: hostname, port: Number(port) });
  person = await signIn(stack, EMAIL);
  const oa = oaOf(stack, stack.directory);
  await oa.login(EMAIL);
  host = oa.start('worker', 'start', '--root', '.');
});

afterAll(async () => {
  if (host) await killed(host.child, 'SIGTERM');
  await line?.close();
  await removeStack(stack);
});

interface Printed {
  seq: number;
  kind: string;
  payload: unknown;
}

/** A run that works for a few seconds on this machine. */
async function startRun(): Promise<string> {
  const steps = join(stack.directory, 'steps.sh');
  executable(steps, 'for n in 1 2 3 4 5 6; do echo "step $n"; sleep 0.7; done');
  const { run_id: runId } = await person.call<{ run_id: string }>('runtime', 'POST', '/v1/runs', {
    spec: {
      objective: 'python',
      work_unit: 'agent_task',
      agent: { driver: 'command', command: [steps] },
    },
  });
  return runId;
}

function followWith(python: string, runId: string) {
  const child = spawn(
    python,
    [
      CLIENT,
      `run:${runId}:events`,
      ...['--control', stack.state().addresses['control'] ?? ''],
      ...['--khala', `ws://127.0.0.1:${line.port}/v1/sync`],
      ...['--state', join(stack.directory, `${runId}.json`)],
    ],
    {
      env: { ...process.env, OA_ACCESS_TOKEN: person.accessToken },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const printed: Printed[] = [];
  const said: string[] = [];
  createInterface({ input: child.stdout }).on('line', (text) => printed.push(JSON.parse(text)));
  child.stderr.on('data', (chunk) => said.push(String(chunk)));
  return { child, printed, said, ended: once(child, 'exit') as Promise<[number | null]> };
}

async function logOf(runId: string): Promise<Printed[]> {
  const path = `/v1/runs/${runId}/events?limit=1000`;
  const { events } = await person.call<{
    events: { seq: string; event_type: string; payload: unknown }[];
  }>('runtime', 'GET', path);
  return events.map(({ seq, event_type, payload }) => ({
    seq: Number(seq),
    kind: event_type,
    payload,
  }));
}

const needed = pythonNeeded();

describe.skipIf(needed)(`the client in Python${needed}`, () => {
  test('follows a live run, is cut off in the middle, killed, and prints each event once', async () => {
    const python = pythonWithRequirements();
    const runId = await startRun();
    const first = followWith(python, runId);
    const steps = () => first.printed.filter(({ kind }) => kind === 'tool.progress').length;
    await eventually(() => steps() > 0 || undefined);
    expect(line.cut()).toBeGreaterThan(0);
    const before = first.printed.length;
    await eventually(() => first.printed.length > before || undefined);
    expect(first.said.join('')).toContain('lost: ');
    first.child.kill('SIGKILL');
    await first.ended;
    const second = followWith(python, runId);
    expect(await second.ended).toEqual([0, null]);
    expect([...first.printed, ...second.printed]).toEqual(await logOf(runId));
    expect(second.printed.at(-1)?.kind).toBe('run.finished');
  });

  test('is told to stop where nobody may follow', async () => {
    const stranger = followWith(pythonWithRequirements(), 'run_01h455vb4pex5vsknk084sn02q');
    expect((await stranger.ended)[0]).toBe(1);
    expect(stranger.said.join('')).toContain('someone has to act');
  });
});

test('it is small enough to be read at once', () => {
  expect(readFileSync(CLIENT, 'utf8').split('\n').length - 1).toBeLessThanOrEqual(LINES_MAX);
});

test('the suite finds the local stack by itself', () => {
  const words = ['ops/khala-conformance/run.ts', '--case', 'Frames 4'];
  const said = execFileSync(process.execPath, words, {
    cwd: join(import.meta.dirname, '..', '..'),
    env: stack.env,
    encoding: 'utf8',
  });
  expect(said).toMatch(/[1-9]\d* passed, 0 failed, 0 not run\n$/);
});
