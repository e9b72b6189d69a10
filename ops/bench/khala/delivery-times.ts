import type { Audience } from './audience/audience.ts';
import { monotonicUs } from './monotonic.ts';
import { paced } from './paced-load.ts';
import type { BenchTopic, KhalaStage } from './stage.ts';

/** A load whose every event is timed from its acknowledgement to each reader. */
export interface TimedLoad {
  topics: readonly BenchTopic[];
  group: string;
  events: number;
  perSecond: number;
  eventBytes: number;
}

/** Milliseconds from the acknowledgement until each reader of the group had the event; dense, or it throws. */
export async function deliveryMs(
  stage: KhalaStage,
  audience: Audience,
  load: TimedLoad,
): Promise<number[]> {
  const ackedAtUs = new Map<string, number>();
  const last: Record<string, number> = {};
  await paced(load.events, load.perSecond, async (number) => {
    const to = load.topics[number % load.topics.length];
    if (!to) throw new RangeError('a load has topics');
    const seq = await stage.append(to.runId, 1, load.eventBytes);
    ackedAtUs.set(`${to.topic} ${seq}`, monotonicUs());
    last[to.topic] = Math.max(seq, last[to.topic] ?? 0);
  });
  await audience.reach(load.group, last);
  return waitsOf(await audience.arrivals(load.group), ackedAtUs);
}

/** Of each arrival, since the moment that is known of its event. */
export function waitsOf(
  arrivals: Awaited<ReturnType<Audience['arrivals']>>,
  sinceUs: ReadonlyMap<string, number>,
): number[] {
  return arrivals.map(({ topic, seq, atUs }) => {
    const since = sinceUs.get(`${topic} ${seq}`);
    if (since === undefined) throw new Error(`nobody wrote ${topic} ${seq}`);
    return (atUs - since) / 1_000;
  });
}
