/** What a node is given of a machine, and what is left of it for everybody else: measured at a process of its own. */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '#ops/dev/free-port.ts';
import { CLOSE_CODE } from '#proto/khala-close.ts';
import { createFollower } from './testing/follow.ts';
import {
  type Authority,
  createAuthority,
  createIssuer,
  type Device,
  type Issuer,
} from './testing/harness.ts';
import { type NodeProcess, serveKeys, startNodeProcess } from './testing/node-process.ts';
import { RawPeer } from './testing/raw-peer.ts';
import { startTcpProxy } from './testing/tcp-proxy.ts';

const MIB = 1024 * 1024;
const STALLED_AFTER_MS = 3_000;

let authority: Authority;
let issuer: Issuer;
let device: Device;
let node: NodeProcess;
let env: { KHALA_DATABASE_URL: string; CONTROL_JWKS_URL: string } & Record<string, string>;
let closeKeys: () => Promise<unknown>;
let peers: RawPeer[] = [];

beforeAll(async () => {
  authority = await createAuthority();
  issuer = await createIssuer();
  device = await issuer.newDevice();
  const { url, server } = await serveKeys(issuer.keys.jwks());
  closeKeys = () => new Promise((resolve) => server.close(resolve));
  env = {
    KHALA_DATABASE_URL: authority.database.khalaUrl,
    CONTROL_JWKS_URL: url,
    KHALA_STALLED_AFTER_MS: String(STALLED_AFTER_MS),
    KHALA_HELLO_TIMEOUT_MS: '60000',
    KHALA_DEAD_AFTER_MS: '600000',
    // Thousands of one machine are those of as many people.
    KHALA_TRUSTED_PROXIES: '127.0.0.1',
    KHALA_SOCKETS_PER_USER_MAX: '100000',
  };
  node = await startNodeProcess(await freePort(), env);
});

afterEach(() => {
  for (const peer of peers) peer.close();
  peers = [];
});

afterAll(async () => {
  await node?.kill('SIGTERM');
  await closeKeys?.();
  await authority?.[Symbol.asyncDispose]();
});

const urlOf = ({ port }: { port: number }) => `ws://127.0.0.1:${port}/v1/sync`;

function residentBytes({ child }: { child: { pid?: number | undefined } }): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

async function readsOf({ port }: NodeProcess): Promise<Record<string, number>> {
  const text = await fetch(`http://127.0.0.1:${port}/metrics`).then((answer) => answer.text());
  const rows = text.matchAll(/khala_journal_reads_total\{[^}]*read="(\w+)"[^}]*\} (\d+)/g);
  return Object.fromEntries([...rows].map(([, read = '', count]) => [read, Number(count)]));
}

/** Rows by SQL where their number matters and their chain does not. */
async function fill(runId: string, events: number, text: string): Promise<void> {
  const { owner } = authority.database;
  await owner.begin(async (sql) => {
    await sql`set local statement_timeout = 0`;
    await sql`
      insert into runtime.run_events
        (run_id, seq, event_type, payload, payload_sha256, event_hash, sanitized, recorded_at)
      select ${runId}, seq, 'text.delta', convert_to(${JSON.stringify({ text })}, 'utf8'),
        sha256('x'), sha256('x'), false, now()
      from generate_series(1, ${events}) as seq`;
    await sql`update runtime.runs set latest_seq = ${events} where run_id = ${runId}`;
  });
}

async function admitted(topic: string, at: { port: number } = node): Promise<RawPeer> {
  const peer = new RawPeer(urlOf(at));
  peers.push(peer);
  await peer.admitted(device, await issuer.token(device, { topics: [topic] }));
  return peer;
}

async function epochOf(topic: string): Promise<string> {
  const [row] = await authority.database.owner<{ epoch: string }[]>`
    select epoch from runtime.sync_topics where topic = ${topic}`;
  return row?.epoch ?? '';
}

/** The address of one of many clients, as a proxy names it. */
function addressOf(client: number): string {
  return `10.0.${client >> 8}.${client & 255}`;
}

/** Its updates are counted, not kept. */
function counted(peer: RawPeer): { count: number; last: bigint; dense: boolean } {
  const seen = { count: 0, last: 0n, dense: true };
  peer.onUpdates = (seqs) => {
    for (const seq of seqs) {
      seen.dense &&= seen.last === 0n || seq === seen.last + 1n;
      seen.last = seq;
      seen.count += 1;
    }
  };
  return seen;
}

const replayBudget = 20_000n;

describe('memory', () => {
  test('a replay of 100,000 events to one slow client grows the node by less than 8 MiB', {
    timeout: 400_000,
  }, async () => {
    const topics = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const run = await authority.newRun(device);
        await fill(run.runId, Number(replayBudget), 'x'.repeat(200));
        return run.topic;
      }),
    );
    const replay = async (rest: (peer: RawPeer) => () => void) => {
      const peer = new RawPeer(urlOf(node));
      peers.push(peer);
      await peer.admitted(device, await issuer.token(device, { topics }));
      const received = { count: 0 };
      peer.onUpdates = (seqs) => {
        received.count += seqs.length;
      };
      const stop = rest(peer);
      let peakBytes = 0;
      const watch = setInterval(() => {
        peakBytes = Math.max(peakBytes, residentBytes(node));
      }, 100);
      peer.subscribe(topics);
      await expect.poll(() => received.count, { timeout: 180_000 }).toBe(100_000);
      clearInterval(watch);
      stop();
      peer.close();
      return peakBytes;
    };
    // Twice at full speed: code is compiled, pools are open, the heap has the size that work needs.
    await replay(() => () => undefined);
    const warmBytes = await replay(() => () => undefined);
    const slowBytes = await replay((peer) => {
      const stutter = setInterval(() => {
        peer.socket.pause();
        setTimeout(() => peer.socket.resume(), 10);
      }, 100);
      return () => clearInterval(stutter);
    });
    console.info(`resident: ${warmBytes / MIB} MiB at full speed, ${slowBytes / MIB} MiB slow`);
    expect(slowBytes - warmBytes).toBeLessThan(8 * MIB);
  });

  test('peers that never read, or read a byte a second, are closed and slow nobody', {
    timeout: 400_000,
  }, async () => {
    const { runId, topic } = await authority.newRun(device);
    await fill(runId, Number(replayBudget), 'x'.repeat(500));
    const healthy = await Promise.all(Array.from({ length: 10 }, () => admitted(topic)));
    const seen = healthy.map(counted);
    const before = residentBytes(node);
    const bad = await Promise.all(Array.from({ length: 20 }, () => admitted(topic)));
    for (const [index, peer] of bad.entries()) {
      peer.socket.pause();
      if (index % 2 === 0) trickle(peer);
      peer.subscribe([topic]);
    }
    for (const peer of healthy) peer.subscribe([topic]);
    await expect
      .poll(() => seen.every(({ last }) => last === replayBudget), { timeout: 120_000 })
      .toBe(true);
    expect(seen.every(({ dense }) => dense)).toBe(true);
    expect(residentBytes(node) - before).toBeLessThan(20 * MIB + 8 * MIB);
    await new Promise((resolve) => setTimeout(resolve, STALLED_AFTER_MS * 3));
    for (const peer of bad) peer.socket.resume();
    for (const peer of bad) {
      const error = await peer.next('error');
      expect(error.code).toBe('slow_consumer');
      expect(error.positions[0]?.seq).toBe(peer.density().lastSeq(topic));
      expect((await peer.closed).code).toBe(CLOSE_CODE.resume_after);
    }
  });
});

/** One byte a second, taken from the socket under the peer. */
function trickle(peer: RawPeer): void {
  const socket = (peer.socket as unknown as { _socket: Socket })._socket;
  const timer = setInterval(() => socket.read(1), 1_000);
  setTimeout(() => clearInterval(timer), STALLED_AFTER_MS * 2);
}

describe('a storm', () => {
  const CLIENTS = 5_000;
  const TOPICS = 100;
  /** What a node lets in at a time is less than this. */
  const AT_ONCE = 300;

  test('of 5,000 clients that return at once costs at most one read for twenty of them', {
    timeout: 420_000,
  }, async () => {
    const runs = await Promise.all(Array.from({ length: TOPICS }, () => authority.newRun(device)));
    for (const { runId } of runs) await authority.append(runId, 60);
    const epochs = await Promise.all(runs.map(({ topic }) => epochOf(topic)));
    await node.kill('SIGKILL');
    node = await startNodeProcess(node.port, env);
    const before = await readsOf(node);
    const beganAtMs = Date.now();
    let next = 0;
    let resumed = 0;
    async function worker(): Promise<void> {
      let token = '';
      for (let own = 0; next < CLIENTS; own += 1) {
        const client = next;
        next += 1;
        const run = runs[client % TOPICS];
        if (!run) return;
        const topic = run.topic;
        if (own % 4 === 0) {
          token = await issuer.token(device, { topics: runs.map((each) => each.topic) });
        }
        const peer = new RawPeer(urlOf(node), { forwardedFor: addressOf(client) });
        peers.push(peer);
        await peer.admitted(device, token);
        // They were within a few events of each other when their node died.
        const seq = BigInt(50 + (client % 7));
        peer.subscribe([topic], [{ topic, epoch: epochs[client % TOPICS] ?? '', seq }]);
        await peer.next('caught_up');
        expect(peer.density().count).toBe(60 - Number(seq));
        resumed += 1;
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const after = await readsOf(node);
    const reads = ['joins', 'pages', 'tails', 'refreshes'].reduce(
      (sum, read) => sum + (after[read] ?? 0) - (before[read] ?? 0),
      0,
    );
    console.info(
      `${resumed} resumed in ${Date.now() - beganAtMs} ms, ${reads} reads (${reads / resumed} each): ${JSON.stringify(after)}`,
    );
    expect(resumed).toBe(CLIENTS);
    expect(reads / resumed).toBeLessThanOrEqual(0.05);
  });
});

test('a topic of 10,000,000 events: its tail and a page of its replay', {
  timeout: 420_000,
}, async () => {
  const EVENTS = 10_000_000;
  const { runId, topic } = await authority.newRun(device);
  await fill(runId, EVENTS, 'x');
  await authority.database.owner`
    update runtime.sync_topics set head_seq = ${EVENTS} where topic = ${topic}`;
  const epoch = await epochOf(topic);
  const peer = await admitted(topic);
  const seen = counted(peer);
  peer.subscribe([topic], [{ topic, epoch, seq: BigInt(EVENTS) - replayBudget }]);
  await peer.next('caught_up');
  expect(seen).toMatchObject({ count: Number(replayBudget), last: BigInt(EVENTS), dense: true });
  await authority.append(runId, 1);
  await expect.poll(() => seen.last, { timeout: 10_000 }).toBe(BigInt(EVENTS) + 1n);
  // From the beginning it would be ten million: refused whole, with where to go on.
  const other = await admitted(topic);
  other.subscribe([topic]);
  expect(await other.next('snapshot_required')).toMatchObject({
    reason: 'replay_budget_exceeded',
    head_seq: BigInt(EVENTS) + 1n,
  });
});

test('Postgres gone for a minute: a node that knows no revocations closes, and all come back without a hand', {
  timeout: 200_000,
}, async () => {
  const real = new URL(authority.database.khalaUrl);
  const line = await startTcpProxy({ host: real.hostname, port: Number(real.port) });
  const through = new URL(real);
  through.port = String(line.port);
  const away = await startNodeProcess(await freePort(), {
    ...env,
    KHALA_DATABASE_URL: through.href,
  });
  const { runId, topic } = await authority.newRun(device);
  const reader = createFollower(issuer, device, urlOf(away), { token: { lifeS: 600 } });
  reader.follow(topic);
  await expect.poll(() => reader.client.state.name, { timeout: 20_000 }).toBe('live');
  line.down();
  await authority.append(runId, 500);
  await new Promise((resolve) => setTimeout(resolve, 60_000));
  expect(reader.checker.count).toBe(0);
  expect(reader.client.state.name).not.toBe('live');
  line.restore();
  await expect.poll(() => reader.checker.lastSeq(topic), { timeout: 30_000 }).toBe(500n);
  expect(reader.checker.faults).toEqual([]);
  await reader.client.close();
  await away.kill('SIGTERM');
  await line.close();
});
