import { type Measure, median, quantile } from '../measure.ts';
import { type Audience, seatsOf, startAudience } from './audience/audience.ts';
import { deliveryMs, waitsOf } from './delivery-times.ts';
import { type BareServer, startBareServer } from './floors/bare-server.ts';
import { monotonicUs } from './monotonic.ts';
import { paced } from './paced-load.ts';
import { sized } from './sizes.ts';
import { createKhalaStage } from './stage.ts';
import { type BareTopic, createBareTopic } from './update-frames.ts';

const SUBSCRIBERS = 10;
const TOPICS = 10;
const EVENTS_PER_SECOND = 500;
const EVENT_BYTES = 100;
/** Three seconds: a p99 of 1,500 events and ten readers is that of 150 deliveries. */
const EVENTS_PER_ROUND = sized(1_500, 250);
const ROUNDS = sized(7, 2);

/**
 * The tail of a node against that of a server that has the bytes already and sends them to whoever is there: rounds in
 * turn, the same rate, the same frames, the same readers in a process of their own. Ours counts from the acknowledgement
 * of the commit, the other from the moment at which it is told.
 */
export async function measureTailLatency(): Promise<Measure[]> {
  await using stage = await createKhalaStage();
  const node = await stage.startNode();
  const bare = await startBareServer();
  const audience = startAudience();
  try {
    const device = await stage.issuer.newDevice();
    const topics = await Promise.all(
      Array.from({ length: TOPICS }, () => stage.createTopic(device.userId)),
    );
    const bareTopics = topics.map((_, index) => createBareTopic(`run:bare${index}:events`));
    const all = <T>(value: T) => Array.from({ length: SUBSCRIBERS }, () => value);
    await audience.open({
      ...{ group: 'khala', url: node.url, atOnce: SUBSCRIBERS, timed: true },
      ...(await seatsOf(
        stage.issuer,
        device,
        all(topics.map(({ topic, epoch }) => ({ topic, epoch, afterSeq: 0 }))),
      )),
    });
    await audience.open({
      ...{ group: 'ws', kind: 'ws', url: bare.url, atOnce: SUBSCRIBERS, timed: true },
      seats: all({ topics: bareTopics.map(({ topic }) => ({ topic, epoch: '', afterSeq: 0 })) }),
    });
    const load = {
      events: EVENTS_PER_ROUND,
      perSecond: EVENTS_PER_SECOND,
      eventBytes: EVENT_BYTES,
    };
    const khala: Quantiles = { p50: [], p99: [] };
    const baseline: Quantiles = { p50: [], p99: [] };
    for (let round = -1; round < ROUNDS; round += 1) {
      const khalaMs = await deliveryMs(stage, audience, { ...load, topics, group: 'khala' });
      const bareMs = await bareDeliveryMs(bare, audience, bareTopics);
      if (round < 0) continue;
      record(khala, khalaMs);
      record(baseline, bareMs);
    }
    return [medianMeasure(khala, baseline), tailMeasure(khala, baseline)];
  } finally {
    await audience.stop();
    await bare.stop();
    await node.stop();
  }
}

/** Milliseconds, one of each per round. */
interface Quantiles {
  p50: number[];
  p99: number[];
}

function record(into: Quantiles, ms: number[]): void {
  into.p50.push(quantile(ms, 0.5));
  into.p99.push(quantile(ms, 0.99));
}

function medianMeasure(khala: Quantiles, bare: Quantiles): Measure {
  return {
    name: 'the same, p50, readers in a process of their own',
    value: median(khala.p50),
    unit: 'ms',
    better: 'lower',
    ...{ goal: 1, stretch: 0.4 },
    baseline: `bare ws fanout, ${median(bare.p50).toFixed(2)} ms`,
    samples: { subject_ms: khala.p50, baseline_ms: bare.p50 },
  };
}

function tailMeasure(khala: Quantiles, bare: Quantiles): Measure {
  return {
    name: `receive p99, ${EVENTS_PER_SECOND} events/s, ${SUBSCRIBERS} subscribers`,
    value: median(khala.p99.map((p99, round) => p99 / (bare.p99[round] ?? Number.NaN))),
    unit: '×',
    better: 'lower',
    ...{ goal: 1.5, stretch: 1.1 },
    baseline: `bare ws fanout, ${median(bare.p99).toFixed(2)} ms (subject ${median(khala.p99).toFixed(2)} ms)`,
    samples: { subject_ms: khala.p99, baseline_ms: bare.p99 },
  };
}

async function bareDeliveryMs(
  bare: BareServer,
  audience: Audience,
  topics: readonly BareTopic[],
): Promise<number[]> {
  const toldAtUs = new Map<string, number>();
  await paced(EVENTS_PER_ROUND, EVENTS_PER_SECOND, async (number) => {
    const to = topics[number % topics.length];
    if (!to) throw new RangeError('a load has topics');
    const frames = to.single(1, EVENT_BYTES);
    toldAtUs.set(`${to.topic} ${to.head}`, monotonicUs());
    await bare.send(frames);
  });
  await audience.reach('ws', Object.fromEntries(topics.map(({ topic, head }) => [topic, head])));
  return waitsOf(await audience.arrivals('ws'), toldAtUs);
}
