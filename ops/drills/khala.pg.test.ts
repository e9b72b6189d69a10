/**
 * Each section of docs/runbooks/khala.md, walked: the fault is made on real nodes, the alert's own metric shows it, the
 * section's steps are taken, and it is over.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPair } from 'jose';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePort } from '#ops/dev/free-port.ts';
import {
  type Authority,
  createAuthority,
  createIssuer,
  type Device,
  type Issuer,
} from '#services/khala/testing/harness.ts';
import {
  type NodeProcess,
  serveKeys,
  startNodeProcess,
} from '#services/khala/testing/node-process.ts';
import { RawPeer } from '#services/khala/testing/raw-peer.ts';
import { scrape } from './samples.ts';

const RUNBOOK = join(import.meta.dirname, '..', '..', 'docs', 'runbooks', 'khala.md');

let authority: Authority;
let issuer: Issuer;
let device: Device;
let keys: Awaited<ReturnType<typeof serveKeys>>;
const nodes: NodeProcess[] = [];
const peers: RawPeer[] = [];

beforeAll(async () => {
  authority = await createAuthority();
  issuer = await createIssuer();
  device = await issuer.newDevice();
  keys = await serveKeys(issuer.keys.jwks());
});
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.close();
  await Promise.all(nodes.splice(0).map((node) => node.kill('SIGKILL')));
});
afterAll(async () => {
  await new Promise((resolve) => keys?.server.close(resolve));
  await authority?.[Symbol.asyncDispose]();
});

async function node(settings: Record<string, string> = {}): Promise<NodeProcess> {
  const addresses = {
    KHALA_DATABASE_URL: authority.database.khalaUrl,
    CONTROL_JWKS_URL: keys.url,
  };
  const started = await startNodeProcess(await freePort(), { ...addresses, ...settings });
  nodes.push(started);
  return started;
}

function open({ port }: NodeProcess): RawPeer {
  const peer = new RawPeer(`ws://127.0.0.1:${port}/v1/sync`);
  peers.push(peer);
  return peer;
}

async function admitted(at: NodeProcess, topic: string): Promise<RawPeer> {
  const peer = open(at);
  await peer.admitted(device, await issuer.token(device, { topics: [topic] }));
  return peer;
}

test('Tokens are refused', async () => {
  const { topic } = await authority.newRun(device);
  const at = await node();
  const stranger = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  for (let count = 0; count < 5; count += 1) {
    const peer = open(at);
    const signedBy = stranger.privateKey;
    await peer.hello(device, await issuer.token(device, { topics: [topic], signedBy }));
    await peer.closed;
  }
  await admitted(at, topic);

  const seen = await scrape(at.port);
  const refused = seen.sum('khala_disconnects_total', { cause: 'unauthorized' });
  expect(refused / seen.sum('khala_connects_total')).toBeGreaterThan(0.03);
  const [, query = ''] = /`(select reason,[^`]+)`/.exec(readFileSync(RUNBOOK, 'utf8')) ?? [];
  await expect
    .poll(() => authority.database.owner.unsafe(query), { timeout: 5_000 })
    .toMatchObject([{ reason: 'invalid_signature', count: 5n }]);
});

test('Stale cursor storm', async () => {
  const { runId, topic } = await authority.newRun(device);
  await authority.append(runId, 60);
  const tight = await node({ TOPIC_POLICY: '{"run_events":{"replay_budget_events":10}}' });
  for (let count = 0; count < 3; count += 1) {
    const peer = await admitted(tight, topic);
    peer.subscribe([topic]);
    expect(await peer.next('snapshot_required')).toMatchObject({
      reason: 'replay_budget_exceeded',
    });
  }
  const outcome = 'replay_budget_exceeded';
  expect((await scrape(tight.port)).sum('khala_cursor_outcomes_total', { outcome })).toBe(3);

  // The budget is set back; who comes now is served.
  const peer = await admitted(await node(), topic);
  peer.subscribe([topic]);
  await peer.next('caught_up');
  expect(peer.density().lastSeq(topic)).toBe(60n);
});

test('Slow consumers', async () => {
  const { runId, topic } = await authority.newRun(device);
  const at = await node({ KHALA_STALLED_AFTER_MS: '500' });
  const slow = await admitted(at, topic);
  slow.subscribe([topic]);
  await slow.next('caught_up');
  slow.socket.pause();
  for (let step = 0; step < 20; step += 1) await authority.append(runId, 20, 40_000);
  await expect
    .poll(
      async () =>
        (await scrape(at.port)).sum('khala_disconnects_total', { cause: 'slow_consumer' }),
      {
        timeout: 20_000,
      },
    )
    .toBe(1);

  slow.socket.resume();
  const { code } = await slow.closed;
  const last = slow.density().lastSeq(topic) ?? 0n;
  const [subscribed] = slow.received.filter(({ kind }) => kind === 'subscribed');
  const epoch = subscribed?.kind === 'subscribed' ? subscribed.epoch : '';
  const back = await admitted(at, topic);
  back.subscribe([topic], [{ topic, epoch, seq: last }]);
  await back.next('caught_up');
  expect([code, back.density().lastSeq(topic)]).toEqual([4001, 400n]);
});

test('A node leaves', async () => {
  const { topic } = await authority.newRun(device);
  const [leaving, staying] = [await node({ KHALA_DRAIN_WINDOW_MS: '1000' }), await node()];
  const readers = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const peer = await admitted(leaving, topic);
      peer.subscribe([topic]);
      await peer.next('caught_up');
      return peer;
    }),
  );
  const ended = leaving.kill('SIGTERM');
  nodes.splice(nodes.indexOf(leaving), 1);
  for (const reader of readers) await reader.next('reconnect');
  for (const reader of readers) reader.socket.close();
  expect(await ended).toBe(0);

  const moved = await admitted(staying, topic);
  moved.subscribe([topic]);
  await moved.next('caught_up');
});

test('Hints are lost', async () => {
  const { runId, topic } = await authority.newRun(device);
  const at = await node({ KHALA_SAFETY_POLL_MS: '200' });
  const reader = await admitted(at, topic);
  reader.subscribe([topic]);
  await reader.next('caught_up');
  authority.hinting = false;
  try {
    // The first may still be found by the read that began with the subscription.
    const shareByPoll = async () => {
      await authority.append(runId, 1);
      const seen = await scrape(at.port);
      return seen.sum('khala_wake_ups_total', { by: 'poll' }) / seen.sum('khala_wake_ups_total');
    };
    await expect.poll(shareByPoll, { timeout: 10_000, interval: 300 }).toBeGreaterThan(0.5);
  } finally {
    authority.hinting = true;
  }
  await reader.next('update');

  const listening = await authority.database.owner`
    select pid from pg_stat_activity
    where application_name = 'oa-khala-listen' and datname = current_database()`;
  expect(listening).toHaveLength(1);
});

test('Revocations lag', async () => {
  const { topic } = await authority.newRun(device);
  const at = await node({ KHALA_SAFETY_POLL_MS: '100' });
  const reader = await admitted(at, topic);
  reader.keepAlive(1_000);
  const { owner } = authority.database;
  await owner`revoke select on runtime.sync_revocations, runtime.sync_heads from oa_khala`;
  try {
    const answers = async () => {
      const peer = open(at);
      await peer.hello(device, await issuer.token(device, { topics: [topic] }));
      return peer.next('error').then(
        ({ code }) => code,
        () => 'admitted',
      );
    };
    await expect.poll(answers, { timeout: 15_000, interval: 500 }).toBe('overloaded');
    expect((await scrape(at.port)).sum('khala_revocation_lag_seconds')).toBeGreaterThan(1);
  } finally {
    await owner`grant select on runtime.sync_revocations, runtime.sync_heads to oa_khala`;
  }
  await expect
    .poll(() => admitted(at, topic).then(() => 'admitted', String), { timeout: 15_000 })
    .toBe('admitted');
});

test('The journal cannot be read', async () => {
  const { runId, topic } = await authority.newRun(device);
  const at = await node({ KHALA_SAFETY_POLL_MS: '100' });
  const reader = await admitted(at, topic);
  reader.subscribe([topic]);
  await reader.next('caught_up');
  const { owner } = authority.database;
  await owner`revoke select on runtime.sync_topics, runtime.sync_heads, runtime.sync_feed from oa_khala`;
  try {
    await expect
      .poll(async () => (await scrape(at.port)).sum('khala_read_faults_total'), { timeout: 10_000 })
      .toBeGreaterThan(0);
    const ready = await fetch(`http://127.0.0.1:${at.port}/readyz`);
    expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('postgres')]);
    await authority.append(runId, 1);
  } finally {
    await owner`grant select on runtime.sync_topics, runtime.sync_heads, runtime.sync_feed to oa_khala`;
  }
  await reader.next('update');
});

test('each section has its drill', () => {
  const sections = [...readFileSync(RUNBOOK, 'utf8').matchAll(/^## (.+)$/gm)].map(
    ([, name]) => name,
  );
  const drills = [
    ...readFileSync(import.meta.filename, 'utf8').matchAll(/^test\('([A-Z][^']+)'/gm),
  ];
  expect(drills.map(([, name]) => name).sort()).toEqual(sections.sort());
});
