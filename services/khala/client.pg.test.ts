/** The client of `clients/khala` against a real node over real lines. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { StaleCursorError, SyncTokenRefused, TopicRefusedError } from '#clients/khala/errors.ts';
import { createFileStore } from '#clients/khala/file-store.ts';
import { createMemoryStore } from '#clients/khala/memory-store.ts';
import { runEvents } from '#clients/khala/run-events.ts';
import type { KhalaClient, SyncEvent } from '#clients/khala/types.ts';
import { createFollower, type Follower, type FollowerOptions } from './testing/follow.ts';
import {
  type Authority,
  createAuthority,
  createIssuer,
  type Device,
  type Issuer,
  type RunningNode,
  startNode,
} from './testing/harness.ts';
import { startTcpProxy, type TcpProxy } from './testing/tcp-proxy.ts';

let authority: Authority;
let issuer: Issuer;
let node: RunningNode;
let line: TcpProxy;
let device: Device;
let clients: KhalaClient[] = [];

beforeAll(async () => {
  authority = await createAuthority();
  issuer = await createIssuer();
  device = await issuer.newDevice();
  node = await startNode(issuer, authority.database.khalaUrl, {
    safetyPollMs: 200,
    replayBudgetEvents: () => 30_000,
    timing: {
      helloTimeoutMs: 10_000,
      heartbeatIntervalMs: 150,
      deadAfterMs: 600,
      stalledAfterMs: 10_000,
    },
  });
  line = await startTcpProxy({ host: '127.0.0.1', port: node.port });
});

afterEach(async () => {
  line.restore();
  line.thaw();
  await Promise.all(clients.map((client) => client.close()));
  clients = [];
});

afterAll(async () => {
  await line?.close();
  await node?.stop();
  await authority?.[Symbol.asyncDispose]();
});

function follower(options: FollowerOptions = {}): Follower {
  const url = `ws://127.0.0.1:${line.port}/v1/sync`;
  const made = createFollower(issuer, device, url, options);
  clients.push(made.client);
  return made;
}

const namesOf = ({ states }: Follower) => states.map(({ name }) => name);

test('it goes from idle to live and says so', async () => {
  const { runId, topic } = await authority.newRun(device);
  await authority.append(runId, 300);
  const reader = follower();
  const caughtUp = Promise.withResolvers<bigint>();
  reader.follow(topic, { onCaughtUp: ({ seq }) => caughtUp.resolve(seq) });
  expect(await caughtUp.promise).toBe(300n);
  await expect.poll(() => reader.client.state.name).toBe('live');
  await authority.append(runId, 1);
  await expect.poll(() => reader.checker.lastSeq(topic)).toBe(301n);
  expect(reader.checker.faults).toEqual([]);
  const names = namesOf(reader);
  expect(names.filter((name, index) => name !== names[index - 1])).toEqual([
    'connecting',
    'authenticating',
    'replaying',
    'live',
  ]);
  expect(reader.states).toContainEqual({ name: 'replaying', received: 0n, total: 300n });
});

test('a line that is cut again and again costs no event and doubles none', async () => {
  const { runId, topic } = await authority.newRun(device);
  const other = await authority.newRun(device);
  const reader = follower({ random: () => 0 });
  reader.follow(topic);
  reader.follow(other.topic);
  const before = line.accepted;
  const cuts = setInterval(() => line.cut(), 70);
  // However fast the appends are, they go on until the line was cut often enough.
  let steps = 0;
  while (steps < 40 || (line.accepted - before <= 3 && steps < 1_000)) {
    await authority.append(runId, 25);
    await authority.append(other.runId, 5);
    steps += 1;
  }
  clearInterval(cuts);
  await expect.poll(() => reader.checker.lastSeq(topic)).toBe(BigInt(25 * steps));
  await expect.poll(() => reader.checker.lastSeq(other.topic)).toBe(BigInt(5 * steps));
  expect(reader.checker).toMatchObject({ count: 30 * steps, faults: [] });
  // The fault fired.
  expect(line.accepted - before).toBeGreaterThan(3);
});

test('a line that is down is waited for', async () => {
  const { runId, topic } = await authority.newRun(device);
  const reader = follower({ random: () => 0.1 });
  reader.follow(topic);
  await expect.poll(() => reader.client.state.name).toBe('live');
  line.down();
  await expect.poll(() => reader.client.state.name).toBe('backoff');
  await authority.append(runId, 3);
  line.restore();
  await expect.poll(() => reader.checker.lastSeq(topic)).toBe(3n);
  expect(reader.checker.faults).toEqual([]);
});

test('a line that is dead without a word is found out by its silence', async () => {
  const { runId, topic } = await authority.newRun(device);
  const reader = follower({ random: () => 0 });
  reader.follow(topic);
  await expect.poll(() => reader.client.state.name).toBe('live');
  line.freeze();
  await expect
    .poll(() => reader.states.some((state) => state.name === 'backoff'), { timeout: 5_000 })
    .toBe(true);
  line.thaw();
  await authority.append(runId, 2);
  await expect.poll(() => reader.checker.lastSeq(topic)).toBe(2n);
  expect(reader.states).toContainEqual(
    expect.objectContaining({ name: 'backoff', reason: 'silent_server' }),
  );
  expect(reader.checker.faults).toEqual([]);
});

test('the next life continues where the file says the last one stopped', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'oa-khala-'));
  const { userId, orgId, deviceId } = device;
  const openStore = () => createFileStore({ directory, userId, orgId, deviceId });
  const { runId, topic } = await authority.newRun(device);
  await authority.append(runId, 40);

  const first = follower({ store: await openStore() });
  const subscription = first.follow(topic);
  await expect.poll(() => first.checker.lastSeq(topic)).toBe(40n);
  expect(subscription.position?.seq).toBe(40n);
  await first.client.close();
  await authority.append(runId, 5);

  const second = follower({ store: await openStore() });
  const seen: bigint[] = [];
  second.follow(topic, { onEvent: ({ seq }) => void seen.push(seq) });
  await expect.poll(() => seen).toEqual([41n, 42n, 43n, 44n, 45n]);
  await second.client.close();
  await rm(directory, { recursive: true });
});

test('an event whose handler failed is not counted as applied and comes again', async () => {
  const { runId, topic } = await authority.newRun(device);
  const healthy = await authority.newRun(device);
  await authority.append(runId, 5);
  const store = createMemoryStore();
  const reader = follower({ store });
  const failing = reader.follow(topic, {
    onEvent({ seq }) {
      if (seq === 3n) throw new Error('cannot apply 3');
    },
  });
  reader.follow(healthy.topic);
  await expect(failing.ended).rejects.toThrow('cannot apply 3');
  expect(failing.position?.seq).toBe(2n);
  expect((await store.load(topic))?.seq).toBe(2n);
  await authority.append(healthy.runId, 1);
  await expect.poll(() => reader.checker.lastSeq(healthy.topic)).toBe(1n);
  const again: bigint[] = [];
  reader.client.subscribe(topic, { onEvent: ({ seq }) => void again.push(seq) });
  await expect.poll(() => again).toEqual([3n, 4n, 5n]);
});

test('a slow handler pauses the topic instead of filling the memory', async () => {
  const { runId, topic } = await authority.newRun(device);
  await authority.append(runId, 12_000);
  const reader = follower();
  const gate = Promise.withResolvers<void>();
  reader.follow(topic, {
    async onEvent({ seq }) {
      if (seq === 1n) await gate.promise;
    },
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  await authority.append(runId, 10);
  gate.resolve();
  await expect.poll(() => reader.checker.lastSeq(topic), { timeout: 10_000 }).toBe(12_010n);
  expect(reader.checker).toMatchObject({ count: 12_010, faults: [] });
});

describe('a stale cursor', () => {
  test('ends the subscription when nobody can bootstrap', async () => {
    const { runId, topic } = await authority.newRun(device);
    await authority.append(runId, 2);
    const reader = follower();
    const epoch = '00000000-0000-4000-8000-000000000000';
    const { ended } = reader.follow(topic, { from: { epoch, seq: 1n } });
    await expect(ended).rejects.toThrow(StaleCursorError);
  });

  test('is bootstrapped by the application, from where the journal goes on', async () => {
    const { runId, topic } = await authority.newRun(device);
    await authority.append(runId, 20);
    const store = createMemoryStore();
    await store.save(topic, { epoch: '00000000-0000-4000-8000-000000000000', seq: 9n });
    const reader = follower({ store });
    const seen: bigint[] = [];
    reader.client.subscribe(topic, {
      onEvent: ({ seq }) => void seen.push(seq),
      onSnapshotRequired: async ({ epoch, headSeq, reason }) => {
        expect(reason).toBe('lineage_mismatch');
        return { epoch, seq: headSeq - 2n };
      },
    });
    await expect.poll(() => seen).toEqual([19n, 20n]);
    await expect.poll(async () => (await store.load(topic))?.seq).toBe(20n);
  });
});

describe('tokens', () => {
  test('are refreshed before they expire, on the same socket', { timeout: 15_000 }, async () => {
    const { runId, topic } = await authority.newRun(device);
    const reader = follower({ token: { lifeS: 3 } });
    reader.follow(topic);
    await expect.poll(() => reader.client.state.name).toBe('live');
    const before = line.accepted;
    await new Promise((resolve) => setTimeout(resolve, 4_500));
    await authority.append(runId, 1);
    await expect.poll(() => reader.checker.lastSeq(topic)).toBe(1n);
    expect(line.accepted).toBe(before);
    expect(reader.mints).toBeGreaterThanOrEqual(3);
    expect(namesOf(reader)).not.toContain('backoff');
  });

  test('are minted once for several topics, and again for one that comes later', async () => {
    const runs = await Promise.all([1, 2, 3].map(() => authority.newRun(device)));
    const reader = follower();
    for (const { topic } of runs.slice(0, 2)) reader.follow(topic);
    await expect.poll(() => reader.client.state.name).toBe('live');
    expect(reader.mints).toBe(1);
    for (const { topic } of runs.slice(2)) reader.follow(topic);
    for (const { runId } of runs) await authority.append(runId, 1);
    await expect
      .poll(() => runs.map(({ topic }) => reader.checker.lastSeq(topic)))
      .toEqual([1n, 1n, 1n]);
    expect(reader.mints).toBe(2);
  });

  test('that do not grant a topic end that topic alone', async () => {
    const mine = await authority.newRun(device);
    const foreign = await authority.newRun(await issuer.newDevice());
    const reader = follower();
    const refused = reader.follow(foreign.topic);
    reader.follow(mine.topic);
    await expect(refused.ended).rejects.toThrow(TopicRefusedError);
    await authority.append(mine.runId, 1);
    await expect.poll(() => reader.checker.lastSeq(mine.topic)).toBe(1n);
  });

  test('that cannot be had block the client until someone acts', async () => {
    const { runId, topic } = await authority.newRun(device);
    await authority.append(runId, 1);
    let loggedIn = false;
    const reader = follower({
      async getSyncToken(topics) {
        if (!loggedIn) throw new SyncTokenRefused('log_in', 'the session is over');
        const token = await issuer.token(device, { topics });
        return { token, expires_at: new Date().toISOString() };
      },
    });
    reader.follow(topic);
    await expect
      .poll(() => reader.client.state)
      .toEqual({ name: 'blocked', action: 'log_in', reason: 'the session is over' });
    loggedIn = true;
    reader.client.retryNow();
    await expect.poll(() => reader.checker.lastSeq(topic)).toBe(1n);
  });

  test('that the node refuses block the client', async () => {
    const { topic } = await authority.newRun(device);
    const reader = follower({ token: { audience: 'someone-else' } });
    reader.follow(topic);
    await expect
      .poll(() => reader.client.state)
      .toMatchObject({ name: 'blocked', action: 'log_in', reason: 'unauthorized' });
  });
});

test('for await reads a topic, and a step counts as applied when the next one is asked for', async () => {
  const { runId, topic } = await authority.newRun(device);
  await authority.append(runId, 6);
  const store = createMemoryStore();
  const reader = follower({ store });
  const seen: SyncEvent[] = [];
  for await (const event of reader.client.subscribe(topic)) {
    seen.push(event);
    if (event.seq === 4n) break;
  }
  expect(seen.map(({ seq }) => seq)).toEqual([1n, 2n, 3n, 4n]);
  expect(seen[0]).toMatchObject({ topic, kind: 'text.delta', docKey: '', docVersion: 0n });
  expect((await store.load(topic))?.seq).toBe(3n);
});

test('a run is read as events typed by what they are', async () => {
  const { runId } = await authority.newRun(device);
  await authority.append(runId, 3);
  const { client } = follower();
  const deltas: [bigint, string][] = [];
  for await (const event of runEvents(client, runId)) {
    if (event.event_type === 'text.delta') deltas.push([event.seq, event.payload.delta]);
    if (event.seq === 3n) break;
  }
  expect(deltas.map(([seq]) => seq)).toEqual([1n, 2n, 3n]);
});
