/**
 * Every part of the platform is killed with SIGKILL while runs are under way: while agents work, while harnesses run. Each
 * run succeeds all the same, with one beginning, one end, no gap, one answer per request, and a receipt that holds.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, executable, killed, type Oa, oaOf, repositoryWithBug } from '../testing/oa.ts';
import { type Ask, asPerson } from '../testing/person.ts';
import {
  removeStack,
  type StackProcess,
  stackDirectory,
  startStackProcess,
} from '../testing/stack-process.ts';

interface Event {
  seq: string;
  event_type: string;
  payload: Record<string, unknown>;
}

const BETWEEN_KILLS_MS = 500;
/** Longer than a part takes to come back, in steps that show where it went on. */
const AGENT_STEPS = 10;

let stack: StackProcess;
let src: string;
let oa: Oa;
let ask: Ask;
let host: ReturnType<Oa['start']>;

beforeAll(async () => {
  stack = await startStackProcess(await stackDirectory());
  src = join(stack.directory, 'src');
  mkdirSync(src);
  repositoryWithBug(join(src, 'app'));
  executable(
    join(src, 'agent.sh'),
    `step=0; while [ $step -lt ${AGENT_STEPS} ]; do step=$((step+1)); echo "step $step"; sleep 0.5; done
     echo 42 > value.txt`,
  );
  oa = oaOf(stack, src);
  await oa.login('operator@example.invalid');
  const { user_id } = JSON.parse((await oa.run('whoami', '--json')).out);
  const key = join(stack.directory, 'data', 'keys', 'service-control.json');
  ask = await asPerson(key, stack.state().addresses['runtime'] ?? '', user_id);
  host = await startHost();
});

afterAll(async () => {
  await killed(host.child, 'SIGKILL');
  await removeStack(stack);
});

async function startHost() {
  const started = oa.start('worker', 'start', '--root', '.', '--turns', '4');
  await eventually(() => /takes runs below/.test(started.output()) || undefined);
  return started;
}

/** Each harness sleeps, so that there is a middle to be killed in. */
const RUN = ['--repo', './app', '--agent', './agent.sh', '--verify', 'sleep 1; ./test.sh'];

async function startRuns(count: number): Promise<string[]> {
  const started = await Promise.all(
    Array.from({ length: count }, (_, at) => oa.run('run', `run ${at}`, ...RUN, '--detach')),
  );
  return started.map(({ out }) => out.trim());
}

async function log(runId: string): Promise<Event[]> {
  // While a part is down, the question is asked again.
  const answer = await ask('GET', `/v1/runs/${runId}/events?limit=1000`).catch(() => undefined);
  return (answer?.data['events'] ?? []) as Event[];
}

const reached = (runId: string, eventType: string) =>
  eventually(async () => (await log(runId)).some((event) => event.event_type === eventType));

async function kill(part: string): Promise<void> {
  const pid = stack.state().parts[part]?.pid;
  if (!pid) throw new Error(`${part} does not run, so it cannot be killed`);
  process.kill(pid, 'SIGKILL');
  await eventually(() => {
    const next = stack.state().parts[part]?.pid;
    return next !== undefined && next !== pid;
  });
}

async function expectWhole(runId: string): Promise<Event[]> {
  const watched = await oa.run('runs', 'watch', runId, '--from-start', '--json', '--out', runId);
  expect([runId, watched.code, watched.code === 0 ? '' : watched.err]).toEqual([runId, 0, '']);
  const events = await log(runId);
  expect(events.map(({ seq }) => Number(seq))).toEqual(events.map((_, at) => at + 1));
  const types = events.map(({ event_type }) => event_type);
  expect(types.filter((type) => type === 'run.created')).toEqual(['run.created']);
  expect(types.filter((type) => type === 'run.finished')).toEqual(['run.finished']);
  expect(types.at(-1)).toBe('run.finished');
  const seen = watched.out.split('\n').flatMap((line) => (line ? [JSON.parse(line)] : []));
  const shown = seen.filter(({ schema }) => schema === 'openagents.cli.run_event.v1');
  expect(shown.map(({ seq }) => seq)).toEqual(events.map(({ seq }) => seq));
  expect(seen.at(-1)).toMatchObject({ status: 'succeeded', verdict: { verdict: 'accepted' } });
  const jwks = await fetch(`${stack.state().addresses['runtime']}/.well-known/jwks.json`);
  writeFileSync(join(src, 'published.json'), await jwks.text());
  const receipt = join(runId, 'RECEIPT.json');
  expect(await oa.run('receipts', 'verify', receipt, '--jwks', 'published.json')).toMatchObject({
    code: 0,
  });
  expect((await oa.run('replay', join(runId, 'REPLAY.jsonl'))).code).toBe(0);
  return events;
}

/** Per request, the terminal events of its worker's log. */
async function expectOneAnswerEach(): Promise<void> {
  const { data } = await ask('GET', '/v1/workers');
  const answers = new Map<string, string[]>();
  for (const { worker_id } of data['workers'] as { worker_id: string }[]) {
    const page = await ask('GET', `/v1/workers/${worker_id}/events?limit=1000`);
    for (const { event_type, payload } of page.data['events'] as Event[]) {
      const request = String(payload['request_id'] ?? '');
      if (event_type === 'worker.request') answers.set(request, []);
      if (/^worker\.(response|error)$/.test(event_type)) answers.get(request)?.push(event_type);
    }
  }
  expect(answers.size).toBeGreaterThan(0);
  expect([...answers.values()].filter((terminal) => terminal.length !== 1)).toEqual([]);
}

test('every part killed while agents work and while harnesses run: the runs do not notice', async () => {
  const runs = await startRuns(2);
  await Promise.all(runs.map((runId) => reached(runId, 'tool.progress')));
  for (const part of ['runtime', 'khala', 'worker', 'temporal', 'postgres']) {
    await kill(part);
    await delay(BETWEEN_KILLS_MS);
  }
  await Promise.all(runs.map((runId) => reached(runId, 'verification.started')));
  await kill('verifier');
  for (const runId of runs) {
    const events = await expectWhole(runId);
    const output = events.flatMap(({ event_type, payload }) =>
      event_type === 'tool.progress' ? [payload['text']] : [],
    );
    const steps = Array.from({ length: AGENT_STEPS }, (_, at) => `step ${at + 1}\n`);
    expect(output.join('')).toBe(steps.join(''));
  }
  await expectOneAnswerEach();
});

test('the agent host killed while it works, and worker and Postgres while the harness runs: one verdict', async () => {
  const [runId = ''] = await startRuns(1);
  await reached(runId, 'tool.progress');
  await killed(host.child, 'SIGKILL');
  host = await startHost();
  await reached(runId, 'verification.started');
  await Promise.all([kill('worker'), kill('postgres')]);
  const events = await expectWhole(runId);
  const types = events.map(({ event_type }) => event_type);
  expect(types).toContain('run.executor_lost');
  expect(types.filter((type) => type === 'verification.finished')).toHaveLength(1);
  await expectOneAnswerEach();
});
