/**
 * A person with `oa` and an agent host on a real stack, on bad days: hosts and services are killed, sessions end. The run's
 * log stays without a gap, no request is executed twice, and no agent outlives its host.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, executable, killed, type Oa, oaOf, repositoryWithBug } from '../testing/oa.ts';
import {
  removeStack,
  type StackProcess,
  stackDirectory,
  startStackProcess,
} from '../testing/stack-process.ts';

let stack: StackProcess;
let oa: Oa;
let src: string;
let host: ReturnType<Oa['start']>;

beforeAll(async () => {
  stack = await startStackProcess(await stackDirectory());
  src = join(stack.directory, 'src');
  mkdirSync(src);
  repositoryWithBug(join(src, 'app'));
  executable(join(src, 'fix.sh'), 'echo repairing; echo 42 > value.txt');
  executable(
    join(src, 'slow.sh'),
    'for step in 1 2 3 4 5 6; do echo "step $step"; sleep 0.5; done; echo 42 > value.txt',
  );
  oa = oaOf(stack, src);
  await oa.login('operator@example.invalid');
  host = await startHost();
});

afterAll(async () => {
  await killed(host.child, 'SIGKILL');
  await removeStack(stack);
});

async function startHost() {
  const started = oa.start('worker', 'start', '--root', '.');
  await eventually(() => /takes runs below/.test(started.output()) || undefined);
  return started;
}

const RUN = ['--repo', './app', '--verify', './test.sh', '--json'];

interface Line {
  schema: string;
  run_id: string;
  seq: string;
  event_type: string;
  payload: Record<string, unknown>;
}

function lines(text: string): Line[] {
  return text
    .split('\n')
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []));
}

const eventsOf = (text: string) =>
  lines(text).filter(({ schema }) => schema.endsWith('.run_event.v1'));
const seqs = (events: Line[]) => events.map(({ seq }) => Number(seq));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** The requests that an agent was started for, one entry for each start. */
function executions(events: Line[]): unknown[] {
  return events.flatMap(({ event_type, payload }) =>
    event_type === 'tool.call' ? [payload['tool_call_id']] : [],
  );
}

function agentsAlive(): number {
  const found = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
  return found.split('\n').filter((line) => line.startsWith(`/bin/sh ${src}/slow.sh`)).length;
}

function fingerprint(directory: string): string {
  const hash = createHash('sha256');
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    hash.update(`${path}\0`).update(readFileSync(path));
  }
  return hash.digest('hex');
}

test('a run is seen live, verified, and its evidence holds offline; the checkout is as it was', async () => {
  const before = fingerprint(join(src, 'app'));
  const out = join(src, 'evidence');
  const { code, out: said } = await oa.run(
    'run',
    'repair it',
    ...RUN,
    '--agent',
    './fix.sh',
    '--out',
    out,
  );
  expect(code).toBe(0);
  expect(lines(said).at(-1)).toMatchObject({
    schema: 'openagents.cli.run.v1',
    status: 'succeeded',
    verdict: { verdict: 'accepted', tier: 'O', strength: 'fail_to_pass' },
    bundle: out,
  });
  const events = eventsOf(said);
  expect(seqs(events)).toEqual(upTo(events.length));
  expect(fingerprint(join(src, 'app'))).toBe(before);

  const jwks = await fetch(`${stack.state().addresses['runtime']}/.well-known/jwks.json`);
  writeFileSync(join(src, 'published.json'), await jwks.text());
  const verified = await oa.run(
    'receipts',
    'verify',
    'evidence/RECEIPT.json',
    '--jwks',
    'published.json',
  );
  expect(verified).toMatchObject({ code: 0, err: '' });
  expect((await oa.run('replay', 'evidence/REPLAY.jsonl')).code).toBe(0);
  execFileSync('git', ['apply', '--check', join(out, 'patch.diff')], { cwd: join(src, 'app') });
});

test('a host that is killed takes its agent with it; the next one reports it and the run goes on', async () => {
  const running = oa.run('run', 'survive', ...RUN, '--agent', './slow.sh');
  await eventually(() => agentsAlive() > 0 || undefined);
  await delay(700);
  await killed(host.child, 'SIGKILL');
  host = await startHost();
  const { code, out } = await running;
  expect(code).toBe(0);
  expect(eventsOf(out).map(({ event_type }) => event_type)).toContain('run.executor_lost');
  expect(seqs(eventsOf(out))).toEqual(upTo(eventsOf(out).length));
  expect(executions(eventsOf(out))).toHaveLength(2);
  expect(new Set(executions(eventsOf(out))).size).toBe(2);
  expect(agentsAlive()).toBe(0);
});

test('runtime and Khala killed in the middle of a turn delay its events and lose none', async () => {
  const running = oa.run('run', 'hold on', ...RUN, '--agent', './slow.sh');
  await eventually(() => agentsAlive() > 0 || undefined);
  const { runtime, khala } = stack.state().parts;
  for (const part of [runtime, khala]) process.kill(part?.pid ?? 0, 'SIGKILL');
  const { code, out } = await running;
  expect(code).toBe(0);
  const events = eventsOf(out);
  expect(seqs(events)).toEqual(upTo(events.length));
  const output = events.flatMap(({ event_type, payload }) =>
    event_type === 'tool.progress' ? [payload['text']] : [],
  );
  expect(output.join('')).toBe('step 1\nstep 2\nstep 3\nstep 4\nstep 5\nstep 6\n');
  expect(executions(events)).toHaveLength(1);
  const parts = stack.state().parts;
  expect([parts['runtime']?.pid, parts['khala']?.pid]).not.toEqual([runtime?.pid, khala?.pid]);
});

test('Ctrl-C leaves the run alive, and watching it again begins exactly where it stopped', async () => {
  const watching = oa.start('run', 'go on without me', ...RUN, '--agent', './slow.sh');
  await eventually(() => /step 2/.test(watching.output()) || undefined);
  expect(await killed(watching.child, 'SIGINT')).toBe(130);
  const seen = eventsOf(watching.output());
  const runId = seen[0]?.run_id ?? '';
  expect(watching.output()).toContain(`oa runs watch ${runId}`);
  const { code, out } = await oa.run('runs', 'watch', runId, '--json');
  expect(code).toBe(0);
  const rest = eventsOf(out);
  expect(seqs([...seen, ...rest])).toEqual(upTo(seen.length + rest.length));
  expect(rest.at(-1)?.event_type).toBe('run.finished');
  const again = await oa.run('runs', 'watch', runId, '--json');
  expect(eventsOf(again.out)).toEqual([]);
  expect(again.code).toBe(0);
});

test('a canceled run ends its agent', async () => {
  const { out: id } = await oa.run(
    'run',
    'stop it',
    ...RUN.slice(0, 2),
    '--agent',
    './slow.sh',
    '--detach',
  );
  await eventually(() => agentsAlive() > 0 || undefined);
  expect((await oa.run('runs', 'cancel', id.trim())).code).toBe(0);
  const { code, out } = await oa.run('runs', 'watch', id.trim(), '--json');
  expect(code).toBe(1);
  expect(lines(out).at(-1)).toMatchObject({ status: 'canceled' });
  await eventually(() => agentsAlive() === 0 || undefined);
});

test('logging out ends the host and its agents, and it says why', async () => {
  await oa.run('run', 'until then', ...RUN.slice(0, 2), '--agent', './slow.sh', '--detach');
  await eventually(() => agentsAlive() > 0 || undefined);
  expect((await oa.run('logout')).code).toBe(0);
  await eventually(() => (host.child.exitCode === null ? undefined : true));
  expect(host.child.exitCode).toBe(4);
  expect(host.output()).toContain('oa login');
  expect(agentsAlive()).toBe(0);
});
