/**
 * Runs of the real Codex on a real stack, with a script in the place of its model: what it asks is answered elsewhere, what
 * people say reaches it, and a host that is killed goes on with the same thread.
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codexNeeded, KNOWN_MODEL } from '#clients/agent-host/drivers/codex/testing/codex-turns.ts';
import {
  type ModelItem,
  type ModelRequest,
  type ScriptedModel,
  startScriptedModel,
} from '#clients/agent-host/drivers/codex/testing/scripted-model.ts';
import { eventually, killed, type Oa, oaOf, repositoryWithBug } from '../testing/oa.ts';
import { type Operator, signIn } from '../testing/operator.ts';
import {
  removeStack,
  type StackProcess,
  stackDirectory,
  startStackProcess,
} from '../testing/stack-process.ts';

const EMAIL = 'codex@example.invalid';
const REPAIR: ModelItem = {
  custom: 'apply_patch',
  input: '*** Begin Patch\n*** Update File: value.txt\n@@\n-41\n+42\n*** End Patch',
};
const ASK: ModelItem = {
  call: 'exec_command',
  arguments: {
    cmd: 'echo asked > /oa-asked',
    sandbox_permissions: 'require_escalated',
    justification: 'May I leave a note?',
  },
};
const LONG: ModelItem = {
  call: 'exec_command',
  arguments: { cmd: 'for at in 1 2 3 4 5 6; do echo begun; sleep 1; done', yield_time_ms: 20_000 },
};
const PLAN: ModelItem = {
  call: 'update_plan',
  arguments: { plan: [{ step: 'repair', status: 'in_progress' }] },
};
const DONE: ModelItem = { say: 'It says 42 now.' };

/** What the model does, by the first word of the objective. */
const SCRIPTS: Readonly<Record<string, readonly ModelItem[]>> = {
  plain: [PLAN, REPAIR, DONE],
  ask: [ASK, REPAIR, DONE],
  long: [LONG, REPAIR, DONE],
  twice: [{ say: 'Nothing to do.' }, REPAIR, DONE],
};

function script({ index, input }: ModelRequest) {
  const said = JSON.stringify(input);
  const objective = Object.keys(SCRIPTS).find((word) => said.includes(`${word}: repair`));
  const steps = SCRIPTS[objective ?? 'plain'] ?? [];
  return { items: [steps[Math.min(index, steps.length - 1)] ?? DONE] };
}

interface Event {
  schema: string;
  run_id: string;
  event_type: string;
  payload: Record<string, unknown>;
}

describe.skipIf(codexNeeded)(`runs of Codex on the stack${codexNeeded}`, () => {
  let stack: StackProcess;
  let oa: Oa;
  let operator: Operator;
  let model: ScriptedModel;
  let host: ReturnType<Oa['start']>;

  beforeAll(async () => {
    model = await startScriptedModel(script);
    const directory = await stackDirectory();
    // Commands run in a login shell: what the person's own does at its start is no part of the test.
    const HOME = join(directory, 'person');
    mkdirSync(HOME);
    stack = await startStackProcess(directory, { OPENAI_API_KEY: 'sk-of-a-test', HOME });
    repositoryWithBug(join(stack.directory, 'src', 'app'));
    oa = oaOf(stack, join(stack.directory, 'src'));
    await oa.login(EMAIL);
    operator = await signIn(stack, EMAIL);
    host = await startHost();
  });
  afterAll(async () => {
    await killed(host.child, 'SIGTERM');
    await model.close();
    await removeStack(stack);
  });

  async function startHost() {
    const started = oa.start(
      ...['worker', 'start', '--root', '.'],
      ...['--codex-url', model.url, '--codex-model', KNOWN_MODEL],
    );
    await eventually(() => /takes runs below/.test(started.output()) || undefined);
    return started;
  }

  const run = (objective: string) =>
    oa.start(
      ...['run', `${objective}: repair it`, '--repo', './app', '--agent', 'codex'],
      ...['--verify', './test.sh', '--json'],
    );

  function eventsOf(text: string): Event[] {
    return text
      .split('\n')
      .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Event] : []))
      .filter(({ schema }) => schema.endsWith('.run_event.v1'));
  }

  const payloadsOf = (started: ReturnType<Oa['start']>, type: string) =>
    eventsOf(started.output()).flatMap(({ event_type, payload }) =>
      event_type === type ? [payload] : [],
    );

  const first = (started: ReturnType<Oa['start']>, type: string) =>
    eventually(() => payloadsOf(started, type)[0]);

  async function ended(started: ReturnType<Oa['start']>): Promise<number> {
    return eventually(() => started.child.exitCode ?? undefined);
  }

  const runIdOf = (started: ReturnType<Oa['start']>) => eventsOf(started.output())[0]?.run_id ?? '';

  test('the worker says that it drives Codex, and which', async () => {
    const { workers } = await operator.call<{ workers: { metadata: object }[] }>(
      'runtime',
      'GET',
      '/v1/workers',
    );
    expect(workers[0]?.metadata).toMatchObject({
      drivers: ['command', 'codex'],
      driver_versions: { codex: expect.stringMatching(/^0\.\d+\.\d+$/) },
    });
  });

  test('a run shows plan, diff, words and usage, and is accepted', async () => {
    const running = run('plain');
    expect(await ended(running)).toBe(0);
    expect(payloadsOf(running, 'turn.plan')).toHaveLength(1);
    expect(payloadsOf(running, 'turn.diff').at(-1)).toMatchObject({ files_changed: 1 });
    expect(payloadsOf(running, 'usage.recorded')).toHaveLength(3);
    expect(payloadsOf(running, 'verification.finished')[0]).toMatchObject({ verdict: 'accepted' });
  });

  test('what it asks is asked of the run, and answered from anywhere', async () => {
    const running = run('ask');
    const approval = await first(running, 'approval.requested');
    expect(approval).toMatchObject({ kind: 'command_execution' });
    const path = `/v1/runs/${runIdOf(running)}/approvals/${approval['approval_id']}`;
    await operator.call('runtime', 'POST', path, { decision: 'deny', reason: 'no notes' });
    expect(await ended(running)).toBe(0);
    expect(payloadsOf(running, 'approval.resolved')[0]).toMatchObject({ decision: 'deny' });
    expect(payloadsOf(running, 'tool.result')[0]).toMatchObject({ state: 'canceled' });
    expect(payloadsOf(running, 'approval.superseded')).toEqual([]);
  });

  test('a message reaches the model in the turn that runs', async () => {
    const running = run('long');
    await first(running, 'tool.progress');
    const path = `/v1/runs/${runIdOf(running)}/messages`;
    await operator.call('runtime', 'POST', path, { text: 'mind the gap', mode: 'steer' });
    expect(await ended(running)).toBe(0);
    expect(payloadsOf(running, 'message.delivered')[0]).toMatchObject({ mode: 'steer', turn: 1 });
    const shown = model.requests.filter(({ input }) =>
      JSON.stringify(input).includes('mind the gap'),
    );
    expect(shown.length).toBeGreaterThan(0);
  });

  test('a second attempt goes on with the thread and has read what the verifier printed', async () => {
    const running = run('twice');
    expect(await ended(running)).toBe(0);
    const threads = payloadsOf(running, 'thread.started');
    expect(threads.map(({ resumed }) => resumed)).toEqual([false, true]);
    expect(new Set(threads.map(({ agent_thread_id }) => agent_thread_id)).size).toBe(1);
    const told = model.requests.find(({ input }) =>
      JSON.stringify(input).includes('verified and not accepted'),
    );
    expect(told?.threadId).toBe(threads[0]?.['agent_thread_id']);
  });

  test('an interrupted turn ends at once, and a message says how to go on', async () => {
    const running = run('long');
    await first(running, 'tool.progress');
    const path = `/v1/runs/${runIdOf(running)}`;
    await operator.call('runtime', 'POST', `${path}/interrupt`, { reason: 'wait' });
    await operator.call('runtime', 'POST', `${path}/messages`, { text: 'go on', mode: 'queue' });
    expect(await ended(running)).toBe(0);
    const [cut] = payloadsOf(running, 'turn.finished');
    expect(cut).toMatchObject({ turn: 1, status: 'interrupted' });
    expect(payloadsOf(running, 'item.finished')).toContainEqual(
      expect.objectContaining({ item_kind: 'command_execution', status: 'interrupted' }),
    );
    expect(payloadsOf(running, 'thread.started')[1]).toMatchObject({ resumed: true });
  });

  test('a host that is killed in the middle of a turn goes on with the same thread', async () => {
    const running = run('long');
    await first(running, 'tool.progress');
    await killed(host.child, 'SIGKILL');
    host = await startHost();
    expect(await ended(running)).toBe(0);
    const threads = payloadsOf(running, 'thread.started');
    expect(threads).toHaveLength(2);
    expect(threads[1]).toMatchObject({
      agent_thread_id: threads[0]?.['agent_thread_id'],
      resumed: true,
    });
    expect(payloadsOf(running, 'run.executor_lost')).toHaveLength(1);
    expect(appServers(stack.directory)).toEqual([]);
  });
});

/** Command lines of the app servers whose home lies below a directory. */
function appServers(directory: string): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/environ`, 'utf8').includes(`CODEX_HOME=${directory}`);
    } catch {
      return false;
    }
  });
}
