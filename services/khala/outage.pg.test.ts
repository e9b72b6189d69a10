/** A node that is killed, a database that goes away: nothing is lost, nothing is doubled, nobody lends a hand. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '#ops/dev/free-port.ts';
import { createFollower } from './testing/follow.ts';
import {
  type Authority,
  createAuthority,
  createIssuer,
  type Device,
  type Issuer,
  startNode,
} from './testing/harness.ts';
import { type NodeProcess, serveKeys, startNodeProcess } from './testing/node-process.ts';
import { startTcpProxy } from './testing/tcp-proxy.ts';

let authority: Authority;
let issuer: Issuer;
let device: Device;

beforeAll(async () => {
  authority = await createAuthority();
  issuer = await createIssuer();
  device = await issuer.newDevice();
});

afterAll(async () => {
  await authority?.[Symbol.asyncDispose]();
});

test('kill -9 of the node, three times under load', { timeout: 60_000 }, async () => {
  const { url, server } = await serveKeys(issuer.keys.jwks());
  const port = await freePort();
  const env = { KHALA_DATABASE_URL: authority.database.khalaUrl, CONTROL_JWKS_URL: url };
  let node: NodeProcess = await startNodeProcess(port, env);
  const { runId, topic } = await authority.newRun(device);
  const reader = createFollower(issuer, device, `ws://127.0.0.1:${port}/v1/sync`, {
    random: () => 0.2,
  });
  reader.follow(topic);

  let appended = 0n;
  let writing = true;
  const writer = (async () => {
    while (writing) {
      appended = await authority.append(runId, 10);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  for (let kill = 0; kill < 3; kill += 1) {
    const seen = reader.checker.count;
    await expect.poll(() => reader.checker.count, { timeout: 15_000 }).toBeGreaterThan(seen + 50);
    await node.kill('SIGKILL');
    node = await startNodeProcess(port, env);
  }
  writing = false;
  await writer;
  await expect.poll(() => reader.checker.lastSeq(topic), { timeout: 15_000 }).toBe(appended);
  expect(reader.checker.faults).toEqual([]);
  expect(BigInt(reader.checker.count)).toBe(appended);
  expect(reader.states.filter(({ name }) => name === 'backoff').length).toBeGreaterThanOrEqual(3);

  const metrics = () => fetch(`http://127.0.0.1:${port}/metrics`).then((answer) => answer.text());
  // What was delivered is counted once a second.
  await expect
    .poll(metrics, { timeout: 5_000 })
    .toMatch(/openagents_khala_events_sent_total\{[^}]*topic_class="run_events"/);
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  await reader.client.close();
  expect(await node.kill('SIGTERM')).toBe(0);
  await new Promise((resolve) => server.close(resolve));
});

test('the database goes away and comes back: sockets stay, events arrive', async () => {
  const real = new URL(authority.database.khalaUrl);
  const line = await startTcpProxy({ host: real.hostname, port: Number(real.port) });
  const throughLine = new URL(real);
  throughLine.port = String(line.port);
  const node = await startNode(issuer, throughLine.href, { safetyPollMs: 30_000 });
  const { runId, topic } = await authority.newRun(device);
  const late = await authority.newRun(device);
  const reader = createFollower(issuer, device, node.url);
  reader.follow(topic);
  await expect.poll(() => reader.client.state.name).toBe('live');

  line.down();
  await authority.append(runId, 20);
  await authority.append(late.runId, 20);
  reader.follow(late.topic);
  await new Promise((resolve) => setTimeout(resolve, 800));
  expect(reader.checker.count).toBe(0);
  line.restore();
  await expect
    .poll(() => [reader.checker.lastSeq(topic), reader.checker.lastSeq(late.topic)], {
      timeout: 15_000,
    })
    .toEqual([20n, 20n]);

  // The hints flow again too: the safety poll is far too rare to be what brings these.
  await authority.append(runId, 1);
  await expect.poll(() => reader.checker.lastSeq(topic), { timeout: 3_000 }).toBe(21n);
  expect(reader.checker).toMatchObject({ count: 41, faults: [] });
  expect(node.faults.length).toBeGreaterThan(0);
  expect(reader.states.some(({ name }) => name === 'backoff')).toBe(false);
  await reader.client.close();
  await node.stop();
  await line.close();
});

test('a node holds at most four connections to the database', async () => {
  const node = await startNode(issuer, authority.database.khalaUrl);
  const runs = await Promise.all(Array.from({ length: 12 }, () => authority.newRun(device)));
  const readers = await Promise.all(
    runs.map(async ({ runId, topic }) => {
      await authority.append(runId, 600);
      const reader = createFollower(issuer, device, node.url);
      reader.follow(topic);
      return { reader, topic };
    }),
  );
  let most = 0;
  for (let look = 0; look < 20; look += 1) {
    const [row] = await authority.database.owner<{ held: bigint }[]>`
      select count(*) as held from pg_stat_activity
      where datname = current_database() and application_name like 'oa-khala%'`;
    most = Math.max(most, Number(row?.held ?? 0));
  }
  for (const { reader, topic } of readers) {
    await expect.poll(() => reader.checker.lastSeq(topic)).toBe(600n);
    await reader.client.close();
  }
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(4);
  await node.stop();
});
