/** Runs whose payloads Temporal keeps as ciphertext, on a real server; and the endpoint through which an operator reads them. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporal } from '@temporalio/proto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runWorkflowId } from '#workflows/run/messages.ts';
import { verificationWorkflowId } from '#workflows/verification/messages.ts';
import { dataConverterOf } from '../../shared/payloads/data-converter.ts';
import { readPayloadKeys } from '../../shared/payloads/key-ring.ts';
import { writePayloadKeys } from '../../shared/payloads/testing/key-file.ts';
import { checkScenario } from '../../worker/testing/check-scenario.ts';
import { type Lab, openLab } from '../../worker/testing/lab.ts';
import { seeRun } from '../../worker/testing/runs.ts';
import { SCENARIOS } from '../../worker/testing/scenarios/all.ts';
import { play, type Scenario, type Stage } from '../../worker/testing/scenarios/stage.ts';
import { startTestRuntime, type TestPerson, type TestRuntime } from '../testing/runtime-process.ts';

const UI = 'http://127.0.0.1:8233';

let directory: string;
let lab: Lab;
let runtime: TestRuntime;
let operator: TestPerson;
let settings: { OA_PAYLOAD_KEYS_FILE: string; OA_VERIFICATION_PAYLOAD_KEYS_FILE: string };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'oa-payload-keys-'));
  settings = {
    OA_PAYLOAD_KEYS_FILE: await writePayloadKeys(directory, 'runs-1', 'runs-0'),
    OA_VERIFICATION_PAYLOAD_KEYS_FILE: await writePayloadKeys(directory, 'verifications-1'),
  };
  const { OA_VERIFICATION_PAYLOAD_KEYS_FILE } = settings;
  lab = await openLab({
    converters: {
      worker: dataConverterOf(readPayloadKeys({ ...settings, OA_ENV: 'test' })),
      verifier: dataConverterOf(
        readPayloadKeys({ OA_VERIFICATION_PAYLOAD_KEYS_FILE, OA_ENV: 'test' }),
      ),
    },
  });
  await lab.startWorker();
  runtime = await startTestRuntime({ lab, settings: { ...settings, TEMPORAL_UI_URL: UI } });
  operator = await runtime.person({ scopes: ['ops.read'] });
});
afterAll(async () => {
  await runtime?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

function scenario(name: string): Scenario {
  const found = SCENARIOS.find((one) => one.name === name);
  if (!found) throw new Error(`no scenario ${name}`);
  return found;
}

/** The history as the server keeps it: nothing on the way decodes. */
async function rawHistory(workflowId: string) {
  const { history } = await lab.client.workflowService.getWorkflowExecutionHistory({
    namespace: lab.namespace,
    execution: { workflowId },
  });
  if (!history) throw new Error(`${workflowId} has no history`);
  return history;
}

async function rawText(workflowId: string): Promise<string> {
  const history = await rawHistory(workflowId);
  return Buffer.from(temporal.api.history.v1.History.encode(history).finish()).toString('latin1');
}

async function verificationOf({ input }: Stage): Promise<string> {
  const { payload } = await seeRun(lab, input.run_id);
  return verificationWorkflowId(String(payload('verification.started')?.['verification_id']));
}

const decode = (who: TestPerson, payloads: unknown) =>
  who.ask('/codec/decode', { method: 'POST', json: { payloads } });

describe('a run with encrypted payloads', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await play(lab, scenario('success-verified-patch'));
  });

  test('leaves nothing of its objective, its harness or its summaries in the history', async () => {
    const text = `${await rawText(runWorkflowId(stage.input.run_id))}${await rawText(await verificationOf(stage))}`;
    expect(text).toContain('binary/encrypted');
    expect(text).toContain('runs-1');
    expect(text).toContain('verifications-1');
    const { objective } = stage.input.spec;
    for (const word of [objective, 'Wall clock', 'Sign the verdict', './repo']) {
      expect(text).not.toContain(word);
    }
  });

  test('leaves in the open only what an operator searches by, and the ids of traces', async () => {
    const histories = [runWorkflowId(stage.input.run_id), await verificationOf(stage)];
    const open = await Promise.all(histories.map(async (id) => readableIn(await rawHistory(id))));
    expect([...new Set(open.flat())].sort()).toEqual(['header', 'searchAttributes']);
  });

  test('is readable through the endpoint, for an operator of the UI', async () => {
    const [started] = (await rawHistory(runWorkflowId(stage.input.run_id))).events ?? [];
    const input = started?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    const { summary } = started?.userMetadata ?? {};
    const answer = await decode(operator, [...input, summary].map(onWire));
    expect(answer.status).toBe(200);
    const [run, line] = answer.json.payloads.map((payload: { data: string }) =>
      JSON.parse(Buffer.from(payload.data, 'base64').toString()),
    );
    expect(run.spec.objective).toBe(stage.input.spec.objective);
    expect(line).toBe(stage.input.spec.objective);
  });

  test('what the endpoint encodes, it decodes', async () => {
    const metadata = { encoding: Buffer.from('json/plain').toString('base64') };
    const payload = { metadata, data: Buffer.from('"a reason"').toString('base64') };
    const encoded = await operator.ask('/codec/encode', {
      method: 'POST',
      json: { payloads: [payload] },
    });
    expect(encoded.text).not.toContain(payload.data);
    const decoded = await decode(operator, encoded.json.payloads);
    expect(decoded.json.payloads).toEqual([payload]);
  });
});

test('every scenario with a failure, an approval or a recovery ends as without encryption', async () => {
  await Promise.all(
    ['failure-verifier-broken', 'success-approved-test-edit', 'recovered-host-restarted'].map(
      (name) => checkScenario(lab, scenario(name)),
    ),
  );
});

test('the words of a failure are ciphertext as well', async () => {
  const stage = await play(lab, scenario('failure-verifier-broken'));
  const text = await rawText(await verificationOf(stage));
  expect(text).toContain('Encoded failure');
  expect(text).not.toContain('could not be cloned');
});

describe('the endpoint refuses', () => {
  test('a call without a token', async () => {
    const answer = await runtime.anonymous('/codec/decode', {
      method: 'POST',
      json: { payloads: [] },
    });
    expect([answer.status, answer.json.code]).toEqual([401, 'unauthorized']);
  });

  test('a person who is no operator, whatever else they may do', async () => {
    const answer = await decode(await runtime.person(), []);
    expect([answer.status, answer.json.code]).toEqual([403, 'forbidden']);
  });

  test('more than a page of a history', async () => {
    const data = 'A'.repeat(9 * 1024 * 1024);
    expect((await decode(operator, [{ metadata: {}, data }])).status).toBe(413);
  });

  test('a payload under a key that it does not hold, by the name of the key', async () => {
    const answer = await decode(operator, [
      {
        metadata: {
          encoding: Buffer.from('binary/encrypted').toString('base64'),
          'encryption-key-id': Buffer.from('retired-7').toString('base64'),
        },
        data: randomBytes(64).toString('base64'),
      },
    ]);
    expect(answer.status).toBe(409);
    expect(answer.json.detail).toContain('payload key "retired-7" is not among those held here');
  });

  test('pages of any origin but the Temporal UI', async () => {
    const preflight = (origin: string) =>
      fetch(`${runtime.url}/codec/decode`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type,x-namespace',
        },
      });
    const allowed = await preflight(UI);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(UI);
    expect(allowed.headers.get('access-control-allow-headers')).toContain('authorization');
    const refused = await preflight('https://elsewhere.example');
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
  });
});

/** The fields of events that hold payloads which are not encrypted. */
function readableIn(node: unknown, field = ''): string[] {
  if (typeof node !== 'object' || node === null || node instanceof Uint8Array) return [];
  const { metadata } = node as temporal.api.common.v1.IPayload;
  if (metadata?.['encoding'] instanceof Uint8Array) {
    return Buffer.from(metadata['encoding']).toString() === 'binary/encrypted' ? [] : [field];
  }
  const isNamed = field === 'header' || field === 'searchAttributes';
  return Object.entries(node).flatMap(([name, value]) => readableIn(value, isNamed ? field : name));
}

function onWire(payload: temporal.api.common.v1.IPayload | null | undefined) {
  const text = (bytes: Uint8Array | null | undefined) =>
    Buffer.from(bytes ?? []).toString('base64');
  const metadata = Object.entries(payload?.metadata ?? {}).map(([name, value]) => [
    name,
    text(value),
  ]);
  return { metadata: Object.fromEntries(metadata), data: text(payload?.data) };
}
