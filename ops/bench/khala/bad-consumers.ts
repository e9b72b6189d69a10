import { setTimeout as delay } from 'node:timers/promises';
import { type Measure, median, quantile } from '../measure.ts';
import { seatsOf, startAudience } from './audience/audience.ts';
import { deliveryMs } from './delivery-times.ts';
import { sized } from './sizes.ts';
import { createKhalaStage } from './stage.ts';

const HEALTHY = sized(90, 18);
/** One in ten of all, half of each kind. */
const BAD = HEALTHY / 9;
/** Of those that read at all. */
const TRICKLE_BYTES_PER_S = 64_000;
/** Until all that the kernels and the node hold for them is full. */
const FILL_MS = 2_000;
const EVENTS_PER_SECOND = 200;
const EVENT_BYTES = 200;
const EVENTS_PER_ROUND = sized(800, 100);
const ROUNDS = sized(5, 2);
/** More than the buffers of both kernels hold, so that the node's own queue for who does not read is full from the start. */
const BACKLOG_EVENTS = 16_000;
const BACKLOG_EVENT_BYTES = 1_024;
const SOCKETS_AT_ONCE = 20;

/** Those who read, with and without others who ask for everything and take little or nothing of it, in turn on one node. */
export async function measureBadConsumers(): Promise<Measure> {
  await using stage = await createKhalaStage();
  const node = await stage.startNode();
  const [healthy, bad] = [startAudience(), startAudience()];
  try {
    const device = await stage.issuer.newDevice();
    const live = await stage.createTopic(device.userId);
    await stage.append(live.runId, BACKLOG_EVENTS, BACKLOG_EVENT_BYTES);
    const seats = (count: number, afterSeq: number) =>
      seatsOf(
        stage.issuer,
        device,
        Array.from({ length: count }, () => [{ ...live, afterSeq }]),
      );
    await healthy.open({
      ...{ group: 'healthy', url: node.url, atOnce: SOCKETS_AT_ONCE, timed: true },
      ...(await seats(HEALTHY, BACKLOG_EVENTS)),
    });
    const p99 = async () =>
      quantile(
        await deliveryMs(stage, healthy, {
          ...{ topics: [live], group: 'healthy', eventBytes: EVENT_BYTES },
          ...{ events: EVENTS_PER_ROUND, perSecond: EVENTS_PER_SECOND },
        }),
        0.99,
      );
    const alone: number[] = [];
    const beside: number[] = [];
    for (let round = -1; round < ROUNDS; round += 1) {
      const aloneMs = await p99();
      for (const readBytesPerS of [0, TRICKLE_BYTES_PER_S]) {
        await bad.open({
          ...{
            group: `bad-${readBytesPerS}`,
            url: node.url,
            atOnce: SOCKETS_AT_ONCE,
            readBytesPerS,
          },
          ...(await seats(BAD / 2, 0)),
        });
      }
      await delay(FILL_MS);
      const besideMs = await p99();
      for (const readBytesPerS of [0, TRICKLE_BYTES_PER_S]) {
        await bad.dense(`bad-${readBytesPerS}`);
        await bad.close(`bad-${readBytesPerS}`);
      }
      if (round < 0) continue;
      alone.push(aloneMs);
      beside.push(besideMs);
    }
    return {
      name: `p99 of ${HEALTHY} healthy readers beside ${BAD} that read little or nothing`,
      value: median(beside.map((ms, round) => ms / (alone[round] ?? Number.NaN))),
      unit: '×',
      better: 'lower',
      ...{ goal: 1.25, stretch: 1.1 },
      baseline: `the same readers alone, ${median(alone).toFixed(2)} ms (subject ${median(beside).toFixed(2)} ms)`,
      samples: { subject_ms: beside, baseline_ms: alone },
    };
  } finally {
    await healthy.stop();
    await bad.stop();
    await node.stop();
  }
}
