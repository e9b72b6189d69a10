/** A database that goes back: restored from a copy of its files to an older state, while clients follow it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connect } from '#db/connect.ts';
import { createJournal } from '#db/runtime/journal.ts';
import { takeSnapshot } from '#db/runtime/snapshots.ts';
import { findJournalDrift } from '#db/runtime/sync-drift.ts';
import { databaseUrl } from '#db/testing/database.ts';
import { topics } from '#proto/topics.ts';
import {
  type Authority,
  createAuthority,
  createIssuer,
  type Device,
  type Issuer,
  type RunningNode,
  startNode,
} from './testing/harness.ts';
import { RawPeer } from './testing/raw-peer.ts';
import { fetchSnapshot } from './testing/snapshot-request.ts';

let authority: Authority;
let issuer: Issuer;
beforeAll(async () => {
  authority = await createAuthority();
  issuer = await createIssuer();
});
afterAll(() => authority?.[Symbol.asyncDispose]());

/** As an operator calls it. */
async function newLineage(
  url: string,
  ...topic: string[]
): Promise<{ code: number; text: string }> {
  const script = join(import.meta.dirname, '..', '..', 'ops', 'new-lineage.ts');
  const child = spawn(process.execPath, [script, ...topic], {
    env: { PATH: process.env['PATH'], RUNTIME_DATABASE_URL: url },
  });
  let text = '';
  child.stdout.on('data', (data: Buffer) => {
    text += data;
  });
  child.stderr.on('data', (data: Buffer) => {
    text += data;
  });
  const [code] = (await once(child, 'exit')) as [number];
  return { code, text };
}

function seqsOf(peer: RawPeer): bigint[] {
  return peer.received.flatMap((message) => {
    if (message.kind === 'update') return [message.seq];
    return message.kind === 'update_batch' ? message.updates.map(({ seq }) => seq) : [];
  });
}

async function follow(node: RunningNode, by: { device: Device; token: string }, topic: string) {
  const peer = new RawPeer(node.url);
  await peer.admitted(by.device, by.token);
  return {
    peer,
    subscribe(cursor: { epoch: string; seq: bigint }) {
      peer.subscribe([topic], [{ topic, ...cursor }]);
    },
  };
}

test('a restored database begins a new lineage, and clients of the old one end up right', {
  timeout: 120_000,
}, async () => {
  const device = await issuer.newDevice();
  const { runId, topic } = await authority.newRun({ userId: device.userId });
  const list = topics.userRuns(device.userId);
  await authority.append(runId, 5);
  await takeSnapshot(authority.database.runtime, list, Date.now());

  const admin = connect({ url: inject('postgresUrl'), max: 1, applicationName: 'oa-test-backup' });
  const live = new URL(authority.database.ownerUrl).pathname.slice(1);
  const restored = `${live}_restored`;
  const url = (role: 'oa_runtime' | 'oa_khala') =>
    databaseUrl(inject('postgresUrl'), restored, role);
  // The copy is of the files, as they are while nobody is connected.
  await admin.unsafe(`
    select pg_terminate_backend(pid) from pg_stat_activity where datname = '${live}'`);
  await admin.unsafe(`create database ${restored} template ${live} strategy file_copy`);
  const [before] = await authority.database.owner<{ epoch: string }[]>`
    select epoch from runtime.sync_topics where topic = ${topic}`;
  await authority.append(runId, 4);
  const token = await issuer.token(device, { topics: [topic, list] });
  const by = { device, token };

  expect(await newLineage(url('oa_runtime'))).toEqual({
    code: 0,
    text: '3 topics began a new lineage\n',
  });
  const sql = connect({ url: url('oa_runtime'), max: 2, applicationName: 'oa-test-restored' });
  const journal = createJournal({ sql, hint: () => undefined });
  const node = await startNode(issuer, url('oa_khala'), { safetyPollMs: 100 });
  const append = (text: string) =>
    journal.append({
      run_id: runId,
      origin: 'platform',
      events: [{ event_type: 'text.delta', payload: { text } }],
    });
  await append('another sixth');

  // It had nine events of the old lineage; the new one has other events with the numbers from six on.
  const client = await follow(node, by, topic);
  client.subscribe({ epoch: before?.epoch ?? '', seq: 9n });
  const told = await client.peer.next('snapshot_required');
  expect(told).toMatchObject({ reason: 'lineage_mismatch', head_seq: 6n, floor_seq: 0n });
  expect(told.epoch).not.toBe(before?.epoch);
  client.subscribe({ epoch: '', seq: 0n });
  await client.peer.next('caught_up');
  expect(seqsOf(client.peer)).toEqual([1n, 2n, 3n, 4n, 5n, 6n]);

  const snapshot = await fetchSnapshot(node, list, { device, token });
  const document = (await snapshot.json()) as { epoch: string; items: unknown[] };
  const [head] = await sql<{ epoch: string }[]>`
    select epoch from runtime.sync_topics where topic = ${list}`;
  expect(document).toMatchObject({ epoch: head?.epoch, topic: list });
  expect(document.items).toHaveLength(1);
  expect(await findJournalDrift(sql)).toEqual([]);

  // One topic while everything runs: whoever follows it is told, and what comes after is of the new lineage.
  expect((await newLineage(url('oa_runtime'), topic)).code).toBe(0);
  expect(await client.peer.next('snapshot_required')).toMatchObject({
    reason: 'lineage_mismatch',
  });
  client.subscribe({ epoch: '', seq: 0n });
  await client.peer.next('caught_up');
  await append('seventh');
  expect((await client.peer.next('update')).seq).toBe(7n);
  expect((await newLineage(url('oa_runtime'), 'run:none:events')).code).toBe(1);

  client.peer.close();
  await node.stop();
  await journal.close();
  await sql.end({ timeout: 1 });
  await admin.unsafe(`drop database ${restored} with (force)`);
  await admin.end();
});

test('a subscription that meets a feed of the lineage before gets nothing of it', async () => {
  const device = await issuer.newDevice();
  const { runId, topic } = await authority.newRun({ userId: device.userId });
  await authority.append(runId, 3);
  const node = await startNode(issuer, authority.database.khalaUrl, { safetyPollMs: 60_000 });
  const by = { device, token: await issuer.token(device, { topics: [topic] }) };
  const first = await follow(node, by, topic);
  first.subscribe({ epoch: '', seq: 0n });
  await first.peer.next('caught_up');
  await authority.database.runtime`
    update runtime.sync_topics set epoch = gen_random_uuid() where topic = ${topic}`;
  const second = await follow(node, by, topic);
  second.subscribe({ epoch: '', seq: 0n });
  await second.peer.next('caught_up');
  expect(await first.peer.next('snapshot_required')).toMatchObject({ reason: 'lineage_mismatch' });
  await authority.append(runId, 1);
  expect((await second.peer.next('update')).seq).toBe(4n);
  first.peer.close();
  second.peer.close();
  await node.stop();
});
