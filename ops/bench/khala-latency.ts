import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createKhalaClient } from '#clients/khala/client.ts';
import { createMemoryStore } from '#clients/khala/memory-store.ts';
import type { KhalaClient } from '#clients/khala/types.ts';
import { connect, type Sql } from '#db/connect.ts';
import { createHinter } from '#db/runtime/hint.ts';
import { HINT_CHANNEL, parseHint } from '#db/runtime/hint-payload.ts';
import { createJournal } from '#db/runtime/journal.ts';
import { createTestRun } from '#db/testing/runs.ts';
import { newId, type RunId, type UserId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import { freePort } from '../dev/free-port.ts';
import { benchDatabase, benchServer } from './journal/database.ts';
import { type Measure, median, quantile } from './measure.ts';

const RUNS = 10;
const SUBSCRIBERS = 10;
const EVENTS_PER_SECOND = 500;
const WARM_UP_EVENTS = 1_000;
const MEASURED_EVENTS = 5_000;
/** How long the last event may take: far beyond anything that is no loss. */
const SETTLE_TIMEOUT_MS = 10_000;
const BUILD_ID = '20261121T000000Z';
const PASSWORD = 'bench';

/** When, by the one clock of this process, each event was acknowledged, hinted and received. */
interface Times {
  ackedAtMs: Map<string, number>;
  hintedAtMs: Map<string, number>;
  receivedAtMs: Map<string, number[]>;
}

/**
 * One writer with the real journal, one node as a process, ten real clients that follow ten runs each. The floor is what
 * the hint alone takes from Postgres to a listener in this process, for the same events.
 */
export async function measureKhalaLatency(): Promise<Measure[]> {
  await using bench = await benchServer();
  const database = await benchDatabase(bench.server, 'khala', 8);
  await database.admin.unsafe(`alter role oa_khala login password '${PASSWORD}'`);
  const issuer = await createIssuer();
  const node = await startNode(roleUrl(database.url, 'oa_khala'), issuer.keysUrl);
  try {
    return [latencyMeasure(await run(database, node.url, issuer))];
  } finally {
    await node.stop();
    issuer.close();
    await database.sql.end();
    await database.admin.end();
  }
}

async function run(
  database: { sql: Sql; url: string },
  nodeUrl: string,
  issuer: Issuer,
): Promise<Times> {
  const userId = newId('user');
  const runs = await Promise.all(
    Array.from({ length: RUNS }, async () => {
      const { run_id } = await createTestRun(database.sql, { user_id: userId });
      return run_id;
    }),
  );
  const times: Times = { ackedAtMs: new Map(), hintedAtMs: new Map(), receivedAtMs: new Map() };
  const listener = await listen(database.url, times, await topicsById(database.sql, runs));
  const clients = await Promise.all(
    Array.from({ length: SUBSCRIBERS }, () => follow(nodeUrl, issuer, userId, runs, times)),
  );
  const hinter = createHinter({ url: database.url, applicationName: 'bench-hint' });
  const journal = createJournal({ sql: database.sql, hint: (dirty) => hinter.hint(dirty) });
  const write = (count: number) =>
    paced(count, async (number) => {
      const run_id = runs[number % RUNS] as RunId;
      const events = [{ event_type: 'text.delta', payload: { text: 'x'.repeat(100) } }];
      const {
        events: [appended],
      } = await journal.append({ run_id, events, origin: 'platform' });
      times.ackedAtMs.set(`${topics.runEvents(run_id)} ${appended?.seq}`, performance.now());
    });
  try {
    await write(WARM_UP_EVENTS);
    await settled(times);
    for (const map of Object.values(times)) map.clear();
    await write(MEASURED_EVENTS);
    await settled(times);
    return times;
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await journal.close();
    await hinter.close();
    await listener.end();
  }
}

/** Starts them at their times, whatever the earlier ones take. */
async function paced(count: number, start: (number: number) => Promise<void>): Promise<void> {
  const beganAtMs = performance.now();
  const underway: Promise<void>[] = [];
  while (underway.length < count) {
    const due = ((performance.now() - beganAtMs) / 1_000) * EVENTS_PER_SECOND;
    while (underway.length < Math.min(count, due)) underway.push(start(underway.length));
    await delay(1);
  }
  await Promise.all(underway);
}

/** Every subscriber has every event exactly once, or there is no figure. */
async function settled({ ackedAtMs, receivedAtMs }: Times): Promise<void> {
  const endMs = performance.now() + SETTLE_TIMEOUT_MS;
  const counts = () => [...ackedAtMs.keys()].map((key) => receivedAtMs.get(key)?.length ?? 0);
  while (counts().some((count) => count < SUBSCRIBERS)) {
    if (performance.now() > endMs) throw new Error('events were lost');
    await delay(20);
  }
  if (counts().some((count) => count > SUBSCRIBERS)) throw new Error('events were doubled');
}

function latencyMeasure({ ackedAtMs, hintedAtMs, receivedAtMs }: Times): Measure {
  const receive = [...ackedAtMs].flatMap(([key, acked]) =>
    (receivedAtMs.get(key) ?? []).map((received) => received - acked),
  );
  const hint = [...ackedAtMs].flatMap(([key, acked]) => {
    const hinted = hintedAtMs.get(key);
    return hinted === undefined ? [] : [hinted - acked];
  });
  return {
    name: `receive minus acknowledge, p50, ${EVENTS_PER_SECOND} events/s, ${SUBSCRIBERS} subscribers`,
    value: median(receive),
    unit: 'ms',
    better: 'lower',
    goal: 1.5,
    stretch: 0.5,
    baseline: `the hint alone, p50 ${median(hint).toFixed(2)} ms (subject p99 ${quantile(receive, 0.99).toFixed(2)} ms)`,
    samples: { subject_ms: receive.map(toMicroseconds), baseline_ms: hint.map(toMicroseconds) },
  };
}

function toMicroseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

async function follow(
  url: string,
  issuer: Issuer,
  userId: UserId,
  runs: readonly RunId[],
  times: Times,
): Promise<KhalaClient> {
  const proofKey = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const deviceId = `bench-${newId('sess')}`;
  const client = createKhalaClient({
    ...{ url, proofKey, deviceId },
    clientBuildId: BUILD_ID,
    store: createMemoryStore(),
    getSyncToken: async (granted) => ({
      token: await issuer.token({ userId, deviceId, proofKey, topics: granted }),
      expires_at: '',
    }),
  });
  await Promise.all(
    runs.map(
      (runId) =>
        new Promise<void>((onCaughtUp) => {
          client.subscribe(topics.runEvents(runId), {
            onCaughtUp: () => onCaughtUp(),
            onEvent({ topic, seq }) {
              const key = `${topic} ${seq}`;
              const atMs = performance.now();
              const others = times.receivedAtMs.get(key);
              if (others) others.push(atMs);
              else times.receivedAtMs.set(key, [atMs]);
            },
          });
        }),
    ),
  );
  return client;
}

async function topicsById(sql: Sql, runs: readonly RunId[]): Promise<Map<bigint, string>> {
  const rows = await sql<{ topic_id: bigint; topic: string }[]>`
    select topic_id, topic from runtime.sync_topics
    where topic = any (${runs.map((runId) => topics.runEvents(runId))}::text[])`;
  return new Map(rows.map(({ topic_id, topic }) => [topic_id, topic]));
}

async function listen(url: string, times: Times, topicOf: Map<bigint, string>): Promise<Sql> {
  const sql = connect({ url, max: 1, applicationName: 'bench-listen' });
  await sql.listen(HINT_CHANNEL, (payload) => {
    for (const { topic_id, head_seq } of parseHint(payload)) {
      const topic = topicOf.get(topic_id);
      if (topic) times.hintedAtMs.set(`${topic} ${head_seq}`, performance.now());
    }
  });
  return sql;
}

interface Issuer {
  keysUrl: string;
  token(grant: {
    userId: UserId;
    deviceId: string;
    proofKey: { publicKey: CryptoKey };
    topics: readonly string[];
  }): Promise<string>;
  close(): void;
}

/** Control's part. */
async function createIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const keys = JSON.stringify({
    keys: [{ ...(await exportJWK(publicKey)), kid: 'bench', alg: 'EdDSA' }],
  });
  const server = createServer((_, response) =>
    response.setHeader('content-type', 'application/json').end(keys),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    keysUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    async token({ userId, deviceId, proofKey, topics: granted }) {
      const jkt = await calculateJwkThumbprint(await exportJWK(proofKey.publicKey));
      return new SignJWT({
        ...{ sid: deviceId, did: deviceId, oid: '', scopes: [] },
        topics: [...granted],
        cnf: { jkt },
      })
        .setProtectedHeader({ alg: 'EdDSA', kid: 'bench', typ: 'oa-sync+jwt' })
        .setIssuer('openagents-control')
        .setAudience('openagents-khala')
        .setSubject(userId)
        .setJti(newId('tok'))
        .setIssuedAt()
        .setExpirationTime('15 minutes')
        .sign(privateKey);
    },
    close: () => server.close(),
  };
}

async function startNode(databaseUrl: string, keysUrl: string) {
  const port = await freePort();
  const main = join(import.meta.dirname, '..', '..', 'services', 'khala', 'main.ts');
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env['PATH'],
      OA_LOG_LEVEL: 'warn',
      KHALA_PORT: String(port),
      KHALA_DATABASE_URL: databaseUrl,
      CONTROL_JWKS_URL: keysUrl,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  const ready = () => fetch(`http://127.0.0.1:${port}/readyz`).then(({ ok }) => ok);
  while (!(await ready().catch(() => false))) {
    if (child.exitCode !== null) throw new Error('the node did not start');
    await delay(30);
  }
  return {
    url: `ws://127.0.0.1:${port}/v1/sync`,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

function roleUrl(url: string, role: string): string {
  const result = new URL(url);
  result.username = role;
  result.password = PASSWORD;
  return result.href;
}
