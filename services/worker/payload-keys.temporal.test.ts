import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type WorkflowHandle } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { expect, test } from 'vitest';
import { newId } from '#proto/ids.ts';
import { runStartOptions } from '#workflows/run/start.ts';
import { dataConverterOf } from '../shared/payloads/data-converter.ts';
import { readPayloadKeys } from '../shared/payloads/key-ring.ts';
import { writePayloadKeys } from '../shared/payloads/testing/key-file.ts';
import { openLab } from './testing/lab.ts';
import { runInput, taskSpec } from './testing/runs.ts';

test('a worker without the key leaves the run as it is, and says in its history which key it lacks', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'oa-wrong-key-'));
  const OA_VERIFICATION_PAYLOAD_KEYS_FILE = await writePayloadKeys(directory, 'verifications-1');
  const convertersOf = async (kid: string) => {
    const OA_PAYLOAD_KEYS_FILE = await writePayloadKeys(directory, kid);
    const files = { OA_PAYLOAD_KEYS_FILE, OA_VERIFICATION_PAYLOAD_KEYS_FILE };
    return dataConverterOf(readPayloadKeys({ ...files, OA_ENV: 'test' }));
  };
  const [held, lacked] = [await convertersOf('runs-2'), await convertersOf('runs-1')];
  await using lab = await openLab({ converters: { worker: held, verifier: held } });
  await lab.startWorker();
  const { connection } = lab.client;
  const client = new Client({ connection, namespace: lab.namespace, dataConverter: lacked });
  const input = runInput({ user_id: newId('user') }, taskSpec());
  const handle = await client.workflow.start('run', runStartOptions(input));
  await expect
    .poll(() => whyTasksFail(handle, held), { timeout: 20_000 })
    .toContain('payload key "runs-1" is not among those held here');
  expect((await handle.describe()).status.name).toBe('RUNNING');
  await rm(directory, { recursive: true });
});

/** The words are ciphertext as well, under a key of the worker that failed. */
async function whyTasksFail(handle: WorkflowHandle, { payloadCodecs = [] }: DataConverter) {
  const { events } = await handle.fetchHistory();
  const failures = (events ?? []).flatMap(
    (event) => event.workflowTaskFailedEventAttributes?.failure?.encodedAttributes ?? [],
  );
  const [codec] = payloadCodecs;
  return Buffer.concat(
    ((await codec?.decode(failures)) ?? []).map(({ data }) => Buffer.from(data ?? [])),
  )
    .toString()
    .replaceAll('\\"', '"');
}
