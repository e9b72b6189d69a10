import { afterAll, beforeAll, expect, test } from 'vitest';
import { runWorkflowId } from '#workflows/run/messages.ts';
import { type Lab, openLab } from '../../worker/testing/lab.ts';
import { startTestRuntime, type TestRuntime } from '../testing/runtime-process.ts';
import { NOTHING_CHANGED, startScriptedHost } from '../testing/scripted-host.ts';

let lab: Lab;
let runtime: TestRuntime;
beforeAll(async () => {
  lab = await openLab();
  await lab.startWorker();
  runtime = await startTestRuntime({ lab });
});
afterAll(async () => {
  await runtime?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

const AGENT = { driver: 'command', command: ['./fix.sh'] };
const SECRET = `ghp_${'s3cr3t'.repeat(6)}`;

test('a secret that is given to a run reaches neither its history nor its log nor its read models', async () => {
  const alice = await runtime.person();
  const host = await startScriptedHost(alice);
  const spec = {
    objective: `clone with ${SECRET}`,
    work_unit: 'agent_task',
    agent: { ...AGENT, command: ['./fix.sh', SECRET], prompt: SECRET },
    metadata: { note: SECRET, api_key: SECRET },
  };
  const created = await alice.ask('/v1/runs', { json: { spec } });
  expect(created.status).toBe(201);
  const { run_id } = created.json.data;
  const turn = await host.request('turn/start');
  const json = { reason: `leaked ${SECRET}` };
  expect((await alice.ask(`/v1/runs/${run_id}/cancel`, { json })).status).toBe(202);
  await host.answer(turn, NOTHING_CHANGED);
  const handle = lab.client.workflow.getHandle(runWorkflowId(run_id));
  await handle.result();

  const history = await historyText(run_id);
  expect(history).toContain('clone with [redacted:api_key]');
  expect(history).not.toContain(SECRET);
  expect(await tablesThatHold(SECRET)).toEqual([]);
  expect((await alice.ask(`/v1/runs/${run_id}`)).text).toContain('clone with [redacted:api_key]');
});

test('a harness that holds a secret is refused with its path, and one with an address runs as given', async () => {
  const alice = await runtime.person();
  const harness = {
    commands: [
      'git config user.email ci@example.org',
      `curl -H "Authorization: Bearer ${SECRET}" x`,
    ],
    env: { JWT_SECRET: 'any', NODE_ENV: 'test' },
  };
  const spec = {
    objective: 'x',
    work_unit: 'verified_patch_bundle',
    repo: { source: './repo' },
    agent: AGENT,
    verification: { harness },
  };
  const refused = await alice.ask('/v1/runs', { json: { spec } });
  expect(refused.status).toBe(422);
  expect(refused.json.errors.map(({ path }: { path: string }) => path)).toEqual([
    '$.spec.verification.harness.commands[1]',
    '$.spec.verification.harness.env.JWT_SECRET',
  ]);
  expect(refused.text).not.toContain(SECRET);
  const given = { commands: [harness.commands[0]], env: { NODE_ENV: 'test' } };
  const taken = await alice.ask('/v1/runs', {
    json: { spec: { ...spec, verification: { harness: given } } },
  });
  expect(taken.status).toBe(201);
  const { run } = (await alice.ask(`/v1/runs/${taken.json.data.run_id}`)).json.data;
  expect(run.spec.verification.harness).toMatchObject(given);
});

test('nor does one that an agent host answers with', async () => {
  const alice = await runtime.person();
  const host = await startScriptedHost(alice);
  const spec = { objective: 'x', work_unit: 'agent_task', agent: AGENT };
  const { run_id } = (await alice.ask('/v1/runs', { json: { spec } })).json.data;
  const message = `the token ${SECRET} was refused`;
  const refused = await host.refuse(await host.request('turn/start'), {
    code: 'forbidden',
    message,
  });
  expect(refused.status).toBe(200);
  await lab.client.workflow.getHandle(runWorkflowId(run_id)).result();
  const history = await historyText(run_id);
  expect(history).toContain('the token [redacted:api_key] was refused');
  expect(history).not.toContain(SECRET);
  expect(await tablesThatHold(SECRET)).toEqual([]);
});

async function historyText(runId: string): Promise<string> {
  const { events } = await lab.client.workflow.getHandle(runWorkflowId(runId)).fetchHistory();
  // Payloads are base64 in the JSON of a history.
  return JSON.stringify(events, (key, value) =>
    key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString() : value,
  );
}

/** Every table of the plane, bytea columns too, which show themselves as hex. */
async function tablesThatHold(text: string): Promise<string[]> {
  const tables = await lab.owner<{ name: string }[]>`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_schema = 'runtime' and table_type = 'BASE TABLE'`;
  const hex = Buffer.from(text).toString('hex');
  const found = await Promise.all(
    tables.map(async ({ name }) => {
      const rows = await lab.owner.unsafe(
        `select 1 from ${name} t where t::text like '%${text}%' or t::text like '%${hex}%' limit 1`,
      );
      return rows.length > 0 ? [name] : [];
    }),
  );
  return found.flat().sort();
}
