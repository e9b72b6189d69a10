import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDeriveRunFiles } from '#activities/run/files/derive.ts';
import { readRun } from '#db/runtime/runs.ts';
import { newId } from '#proto/ids.ts';
import { publishReceiptKeys } from '../signing-keys.ts';
import { type Lab, openLab } from '../testing/lab.ts';
import { newReceiptKey } from '../testing/receipt-key.ts';
import { patchSpec, runInput, startRun, taskSpec } from '../testing/runs.ts';
import { startAgent } from '../testing/scripted-agent.ts';
import { createMissingFiles, FILES_DUE_MS } from './missing-files.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
  await lab.startWorker();
});
afterAll(() => lab[Symbol.asyncDispose]());

/** As a worker process has one, when the files of a run that ended just now are due. */
async function missingFiles(laterMs = FILES_DUE_MS * 2) {
  const { sql, journal, client, artifacts, keySet } = lab;
  const signingKey = await publishReceiptKeys(sql, 'worker', [await newReceiptKey('receipts-2')]);
  const now = () => Date.now() + laterMs;
  const derived: string[] = [];
  const { sweep } = createMissingFiles({
    ...{ sql, client, now },
    deriveRunFiles: createDeriveRunFiles({
      ...{ sql, journal, artifacts, signingKey, keySet, now },
      heartbeat: () => undefined,
    }),
    stopping: new AbortController().signal,
    onDerived: (runId) => derived.push(runId),
  });
  return { sweep, derived };
}

/** A run that ended, taken back to the moment before its files were written. */
async function endedWithoutFiles(spec = patchSpec('accept')) {
  const owner = { user_id: newId('user') };
  const agent = await startAgent(lab, owner);
  const input = runInput(owner, spec);
  const handle = await startRun(lab, input);
  await agent.completeTurn(await agent.request('turn/start'));
  await handle.result();
  const { run_id } = input;
  const before = await readRun(lab.sql, run_id);
  await lab.owner`update runtime.runs set replay = null, bundle = null where run_id = ${run_id}`;
  await lab.owner`delete from runtime.artifact_grants
    where run_id = ${run_id} and kind in ('replay', 'bundle')`;
  return { run_id, user_id: owner.user_id, before };
}

async function granted(run_id: string): Promise<string[]> {
  const rows = await lab.sql<{ kind: string }[]>`
    select kind from runtime.artifact_grants
    where run_id = ${run_id} and kind in ('replay', 'bundle') order by kind`;
  return rows.map(({ kind }) => kind);
}

test('a run whose workflow ended between its last event and its files gets the same files', async () => {
  const { run_id, before } = await endedWithoutFiles();
  const early = await missingFiles(0);
  await early.sweep();
  expect(early.derived).toEqual([]);

  const { sweep, derived } = await missingFiles();
  await sweep();
  expect(derived).toEqual([run_id]);
  const after = await readRun(lab.sql, run_id);
  expect(after?.replay).toEqual(before?.replay);
  expect(after?.bundle).toMatchObject({ kind: 'bundle' });
  expect(await granted(run_id)).toEqual(['bundle', 'replay']);
  await sweep();
  expect(derived).toEqual([run_id]);
});

test('two that find it at once tell its owner once', async () => {
  const { user_id } = await endedWithoutFiles(taskSpec());
  const told = async () => {
    const [row] = await lab.sql<{ count: number }[]>`
      select count(*)::int from runtime.sync_events join runtime.sync_topics using (topic_id)
      where topic = ${`user:${user_id}:notifications`} and kind = 'run.files'`;
    return row?.count;
  };
  const before = await told();
  const both = await Promise.all([missingFiles(), missingFiles()]);
  await Promise.all(both.map(({ sweep }) => sweep()));
  expect(await told()).toBe((before ?? 0) + 1);
});

test('one that cannot be derived is tried again later, and is in nobody’s way', async () => {
  const broken = await endedWithoutFiles();
  const { bytes, sha256 } = broken.before?.patch ?? { bytes: '', sha256: '' };
  const missing = { kind: 'patch', uri: '', bytes, sha256: sha256.replace(/.{8}$/, '00000000') };
  await lab.owner`update runtime.runs set patch = ${lab.owner.json(missing)} where run_id = ${broken.run_id}`;
  const whole = await endedWithoutFiles(taskSpec());
  const { sweep, derived } = await missingFiles();
  await expect(sweep()).rejects.toThrow('the files of 1 runs are not derived');
  expect(derived).toContain(whole.run_id);
  expect(derived).not.toContain(broken.run_id);
  await sweep();
  expect((await readRun(lab.sql, broken.run_id))?.replay).toBeNull();
});

test('a run whose workflow goes on is left to it', async () => {
  const owner = { user_id: newId('user') };
  const agent = await startAgent(lab, owner);
  const input = runInput(owner, taskSpec());
  const handle = await startRun(lab, input);
  await agent.request('turn/start');
  // As between `run.finished` and the end of the activity that derives.
  await lab.owner`update runtime.runs set trajectory_hash = last_event_hash, terminal_at = clock_timestamp()
    where run_id = ${input.run_id}`;
  const { sweep, derived } = await missingFiles();
  await sweep().catch(() => undefined);
  expect(derived).not.toContain(input.run_id);
  expect((await readRun(lab.sql, input.run_id))?.replay).toBeNull();
  await handle.terminate();
});
