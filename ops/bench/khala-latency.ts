import { setTimeout as delay } from 'node:timers/promises';
import { createKhalaClient } from '#clients/khala/client.ts';
import { createMemoryStore } from '#clients/khala/memory-store.ts';
import type { KhalaClient } from '#clients/khala/types.ts';
import { connect, type Sql } from '#db/connect.ts';
import { HINT_CHANNEL, parseHint } from '#db/runtime/hint-payload.ts';
import type { RunId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import { BUILD_ID, type Device } from '#services/khala/testing/harness.ts';
import { paced } from './khala/paced-load.ts';
import { createKhalaStage, type KhalaStage } from './khala/stage.ts';
import { type Measure, median, quantile } from './measure.ts';

const RUNS = 10;
const SUBSCRIBERS = 10;
const EVENTS_PER_SECOND = 500;
const WARM_UP_EVENTS = 1_000;
const MEASURED_EVENTS = 5_000;
/** How long the last event may take: far beyond anything that is no loss. */
const SETTLE_TIMEOUT_MS = 10_000;

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
export async function measureKhalaLatency(
  bars: { goal: number; stretch: number } = { goal: 1.5, stretch: 0.5 },
): Promise<Measure[]> {
  await using stage = await createKhalaStage();
  const node = await stage.startNode();
  try {
    return [latencyMeasure(await run(stage, node.url), bars)];
  } finally {
    await node.stop();
  }
}

async function run(stage: KhalaStage, nodeUrl: string): Promise<Times> {
  const { userId } = await stage.issuer.newDevice();
  const created = await Promise.all(Array.from({ length: RUNS }, () => stage.createTopic(userId)));
  const runs = created.map(({ runId }) => runId);
  const times: Times = { ackedAtMs: new Map(), hintedAtMs: new Map(), receivedAtMs: new Map() };
  const listener = await listen(stage.runtimeUrl, times, await topicsById(stage.sql, runs));
  const clients = await Promise.all(
    Array.from({ length: SUBSCRIBERS }, () => follow(stage, nodeUrl, userId, runs, times)),
  );
  const write = (count: number) =>
    paced(count, EVENTS_PER_SECOND, async (number) => {
      const run_id = runs[number % RUNS] as RunId;
      const events = [{ event_type: 'text.delta', payload: { text: 'x'.repeat(100) } }];
      const {
        events: [appended],
      } = await stage.journal.append({ run_id, events, origin: 'platform' });
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
    await listener.end();
  }
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

function latencyMeasure(
  { ackedAtMs, hintedAtMs, receivedAtMs }: Times,
  bars: { goal: number; stretch: number },
): Measure {
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
    ...bars,
    baseline: `the hint alone, p50 ${median(hint).toFixed(2)} ms (subject p99 ${quantile(receive, 0.99).toFixed(2)} ms)`,
    samples: { subject_ms: receive.map(toMicroseconds), baseline_ms: hint.map(toMicroseconds) },
  };
}

function toMicroseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

async function follow(
  { issuer }: KhalaStage,
  url: string,
  userId: Device['userId'],
  runs: readonly RunId[],
  times: Times,
): Promise<KhalaClient> {
  const device = { ...(await issuer.newDevice()), userId };
  const client = createKhalaClient({
    url,
    proofKey: device.key,
    deviceId: device.deviceId,
    clientBuildId: BUILD_ID,
    store: createMemoryStore(),
    getSyncToken: async (granted) => ({
      token: await issuer.token(device, { topics: granted }),
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
