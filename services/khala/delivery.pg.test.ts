import { connect as connectTcp } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CLOSE_CODE } from '#proto/khala-close.ts';
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

const SAFETY_POLL_MS = 150;
/** More than BATCH_STEPS_MAX of the journal and DIRTY_TOPICS_MAX of a node. */
const MOVED_TOPICS = 300;
const STALLED_AFTER_MS = 600;

let authority: Authority;
let issuer: Issuer;
let node: RunningNode;
let device: Device;
let peers: RawPeer[] = [];

beforeAll(async () => {
  authority = await createAuthority();
  issuer = await createIssuer();
  device = await issuer.newDevice();
  node = await startNode(issuer, authority.database.khalaUrl, {
    safetyPollMs: SAFETY_POLL_MS,
    replayBudgetEvents: () => 1_000_000,
    timing: {
      helloTimeoutMs: 10_000,
      heartbeatIntervalMs: 5_000,
      deadAfterMs: 60_000,
      stalledAfterMs: STALLED_AFTER_MS,
    },
  });
});

afterEach(() => {
  authority.hinting = true;
  for (const peer of peers) peer.close();
  peers = [];
});

afterAll(async () => {
  await node?.stop();
  await authority?.[Symbol.asyncDispose]();
});

async function admitted(topic: string): Promise<RawPeer> {
  const peer = new RawPeer(node.url);
  peers.push(peer);
  await peer.admitted(device, await issuer.token(device, { topics: [topic] }));
  return peer;
}

/** Rows by SQL where their number matters and their chain does not. */
async function fill(runId: string, events: number, bytes: number): Promise<void> {
  const payload = JSON.stringify({ text: 'x'.repeat(bytes) });
  await authority.database.owner`
    insert into runtime.run_events
      (run_id, seq, event_type, payload, payload_sha256, event_hash, sanitized, recorded_at)
    select ${runId}, seq, 'text.delta', convert_to(${payload}, 'utf8'),
      sha256(convert_to(${payload}, 'utf8')), sha256(seq::text::bytea), false, now()
    from generate_series(1, ${events}) as seq`;
  await authority.database.owner`
    update runtime.runs set latest_seq = ${events} where run_id = ${runId}`;
}

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Twice: buffers that the first one found dead are given back, and no longer counted, by the second. */
function collectGarbage(): void {
  collect();
  collect();
}

describe('hints', () => {
  test('reach every one of more topics than one commit and one read take', async () => {
    const rare = await startNode(issuer, authority.database.khalaUrl, { safetyPollMs: 600_000 });
    const runs = await Promise.all(
      Array.from({ length: MOVED_TOPICS }, () => authority.newRun(device)),
    );
    const followers = await Promise.all(
      [runs.slice(0, 200), runs.slice(200)].map(async (mine) => {
        const topics = mine.map(({ topic }) => topic);
        const peer = new RawPeer(rare.url);
        peers.push(peer);
        await peer.admitted(device, await issuer.token(device, { topics }));
        peer.subscribe(topics);
        for (const _ of topics) await peer.next('caught_up');
        return { peer, topics };
      }),
    );
    for (let step = 0; step < 3; step += 1) {
      await Promise.all(runs.map(({ runId }) => authority.append(runId, 5)));
    }
    const late = () =>
      followers.flatMap(({ peer, topics }) => {
        const seen = peer.density();
        return topics.filter((topic) => seen.lastSeq(topic) !== 15n);
      });
    await expect.poll(late, { timeout: 5_000 }).toEqual([]);
    await rare.stop();
  });
});

test('a replay and what is written meanwhile meet without a seam', async () => {
  const { runId, topic } = await authority.newRun(device);
  await fill(runId, 2_000, 32);
  const peer = await admitted(topic);
  peer.subscribe([topic]);
  for (let step = 0; step < 20; step += 1) await authority.append(runId, 10);
  await expect.poll(() => peer.density().lastSeq(topic)).toBe(2_200n);
  expect(peer.density()).toMatchObject({ count: 2_200, faults: [] });
  const caughtUp = peer.received.filter(({ kind }) => kind === 'caught_up');
  expect(caughtUp).toHaveLength(1);
});

test('an event at the payload cap passes', async () => {
  const { runId, topic } = await authority.newRun(device);
  await authority.append(runId, 1, 262_000);
  await authority.append(runId, 1);
  const peer = await admitted(topic);
  peer.subscribe([topic]);
  await peer.next('caught_up');
  expect(peer.density()).toMatchObject({ count: 2, faults: [] });
});

test('a retention that moves under a reader is told, not skipped', async () => {
  const { runId, topic } = await authority.newRun(device);
  await fill(runId, 5_000, 1_000);
  const peer = await admitted(topic);
  peer.socket.pause();
  peer.subscribe([topic]);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await authority.database.owner`
    update runtime.sync_topics set head_seq = 5000, floor_seq = 4900 where topic = ${topic}`;
  await authority.database.owner.begin(async (tx) => {
    // Whoever prunes for good has the owner's rights; the trigger only keeps services from it.
    await tx`alter table runtime.run_events disable trigger user`;
    await tx`delete from runtime.run_events where run_id = ${runId} and seq <= 4900`;
    await tx`alter table runtime.run_events enable trigger user`;
  });
  peer.socket.resume();
  expect(await peer.next('snapshot_required')).toMatchObject({
    reason: 'retention_expired',
    floor_seq: 4_900n,
  });
  expect(peer.density().faults).toEqual([]);
  expect(peer.density().lastSeq(topic)).toBeLessThan(4_900n);
});

describe('a slow reader', () => {
  /** `bounds.long.test.ts` does it with 100,000 and a node in a process of its own. */
  const EVENTS = 60_000;
  // 12 MB of payload pass, 25 MB as frames; the peer's own buffers are in this process and in this figure too.
  const HELD_BYTES_MAX = 8 * 1024 * 1024;

  test('of a long replay makes the node hold no more than its window', {
    timeout: 60_000,
  }, async () => {
    const { runId, topic } = await authority.newRun(device);
    await fill(runId, EVENTS, 200);
    const peer = await admitted(topic);
    const liveBytes = () => {
      collectGarbage();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const before = liveBytes();
    let peakBytes = 0;
    const watch = setInterval(() => {
      peakBytes = Math.max(peakBytes, liveBytes() - before);
    }, 1_000);
    let received = 0;
    let last = 0n;
    let dense = true;
    peer.received.push = (...messages) => {
      for (const message of messages) {
        const seqs =
          message.kind === 'update'
            ? [message.seq]
            : message.kind === 'update_batch'
              ? message.updates.map(({ seq }) => seq)
              : [];
        for (const seq of seqs) {
          dense &&= seq === last + 1n;
          last = seq;
          received += 1;
        }
      }
      return 0;
    };
    peer.subscribe([topic]);
    // Half a megabyte at a time, with rests: slower than the node could send, faster than a stalled peer.
    const stutter = setInterval(() => {
      peer.socket.pause();
      setTimeout(() => peer.socket.resume(), 15);
    }, 30);
    await expect.poll(() => received, { timeout: 50_000, interval: 50 }).toBe(EVENTS);
    clearInterval(stutter);
    clearInterval(watch);
    expect(dense).toBe(true);
    expect(peakBytes).toBeLessThan(HELD_BYTES_MAX);
  });

  test('that takes no byte at all is closed, and the healthy one beside it notices nothing', async () => {
    const { runId, topic } = await authority.newRun(device);
    await fill(runId, 20_000, 1_000);
    const healthy = await admitted(topic);
    const stuck = await admitted(topic);
    stuck.socket.pause();
    stuck.subscribe([topic]);
    healthy.subscribe([topic]);
    await healthy.next('caught_up');
    expect(healthy.density()).toMatchObject({ count: 20_000, faults: [] });
    await new Promise((resolve) => setTimeout(resolve, STALLED_AFTER_MS * 3));
    stuck.socket.resume();
    const error = await stuck.next('error');
    expect(error.code).toBe('slow_consumer');
    const [position] = error.positions;
    expect(position?.topic).toBe(topic);
    // It was told where it stands, and that is the last event it got.
    expect(position?.seq).toBe(stuck.density().lastSeq(topic));
    expect((await stuck.closed).code).toBe(CLOSE_CODE.resume_after);
  });
});

describe('what is no frame', () => {
  const own = new Uint8Array([0x0a, 0x00]);

  test.each<[string, Uint8Array | string]>([
    ['bytes that are no protobuf', new Uint8Array([0xff, 0xff, 0xff])],
    ['a truncated frame', new Uint8Array([0x22, 0x50, 0x01])],
    ['text where binary was agreed', 'hello'],
    ['a kind that only a node sends', Uint8Array.from([0x18, 0x07, ...own])],
  ])('%s: the client is stopped with a typed error', async (_, data) => {
    const { topic } = await authority.newRun(device);
    const peer = await admitted(topic);
    peer.socket.send(data);
    expect(await peer.next('error')).toMatchObject({ code: 'malformed_frame' });
    expect((await peer.closed).code).toBe(CLOSE_CODE.stop);
  });

  test('a frame beyond the size limit is closed by the standard code', async () => {
    const { topic } = await authority.newRun(device);
    const peer = await admitted(topic);
    peer.socket.send(new Uint8Array(70 * 1024));
    expect((await peer.closed).code).toBe(1009);
  });

  test('a kind of a later version is passed over', async () => {
    const { topic } = await authority.newRun(device);
    const peer = await admitted(topic);
    peer.socket.send(Uint8Array.from([0x18, 0x7f]));
    peer.subscribe([topic]);
    await peer.next('caught_up');
  });

  test('100,000 topics in one frame do not fit, 257 are refused whole', async () => {
    const { topic } = await authority.newRun(device);
    const peer = await admitted(topic);
    peer.subscribe(Array.from({ length: 257 }, (_, index) => `t${index}`));
    expect(await peer.next('error')).toMatchObject({ code: 'bad_subscription', topic: '' });
    expect((await peer.closed).code).toBe(CLOSE_CODE.stop);
  });

  test('a client that asks and asks and never reads fills no memory', {
    timeout: 60_000,
  }, async () => {
    const { topic } = await authority.newRun(device);
    const peer = await admitted(topic);
    peer.socket.pause();
    const topics = Array.from({ length: 256 }, (_, index) => `no-such-topic-${index}`);
    collectGarbage();
    const before = process.memoryUsage().rss;
    for (let ask = 0; ask < 2_000; ask += 1) {
      peer.subscribe(topics);
      peer.socket.ping(Buffer.alloc(100));
      if (ask % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024);
    peer.socket.resume();
    expect((await peer.closed).code).toBe(CLOSE_CODE.resume_after);
    const last = peer.received.at(-1);
    expect(last).toMatchObject({ code: 'rate_limited', message: 'too many topics named' });
    expect(last?.kind === 'error' && Number(last.retry_after_ms)).toBeGreaterThan(0);
  });
});

test('an HTTP upgrade elsewhere, or for another protocol, is no session', async () => {
  const answer = await new Promise<string>((resolve) => {
    const socket = connectTcp(node.port, '127.0.0.1', () => {
      socket.write(
        'GET /v1/other HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      );
    });
    socket.on('data', (data) => resolve(data.toString()));
  });
  expect(answer).toMatch(/^HTTP\/1.1 404 /);
  const peer = new RawPeer(node.url, { protocol: 'graphql-ws' });
  expect((await peer.closed).code).toBe(1006);
});

test('a drain tells every client when to go, and lets none behind', async () => {
  const draining = await startNode(issuer, authority.database.khalaUrl);
  const { topic } = await authority.newRun(device);
  const peer = new RawPeer(draining.url);
  peers.push(peer);
  await peer.admitted(device, await issuer.token(device, { topics: [topic] }));
  peer.subscribe([topic]);
  await peer.next('caught_up');
  const drained = draining.node.drain();
  const { after_ms } = await peer.next('reconnect');
  expect(Number(after_ms)).toBeLessThan(300);
  const error = await peer.next('error');
  expect(error).toMatchObject({ code: 'server_draining' });
  expect(error.positions.map((position) => position.topic)).toEqual([topic]);
  expect((await peer.closed).code).toBe(CLOSE_CODE.resume_after);
  await drained;
  await draining.stop();
});
