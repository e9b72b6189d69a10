import { setTimeout as delay } from 'node:timers/promises';
import { cpuUsOfTree } from '../../sizing/cpu-time.ts';
import { type Measure, median } from '../measure.ts';
import { type Audience, seatsOf, startAudience } from './audience/audience.ts';
import { startBareServer } from './floors/bare-server.ts';
import { startFanoutFloor } from './floors/fanout-floor.ts';
import { sized } from './sizes.ts';
import { createKhalaStage, type KhalaStage } from './stage.ts';
import { createBareTopic } from './update-frames.ts';

const SUBSCRIBERS = sized(1_000, 100);
const EVENT_BYTES = 200;
/** A thousand readers on one core need some milliseconds for a tick; more would gather ticks on the way. */
const TICK_MS = 50;
const TICKS_PER_ROUND = sized(40, 10);
const ROUNDS = sized(5, 2);
const EVENTS_PER_TICK = [1, 10];
const SOCKETS_AT_ONCE = 50;

/** Who sends to an audience, and what it costs its server. */
interface Sender {
  name: string;
  pid: number;
  topic: string;
  /** One tick; the seq of its last event. */
  tick(events: number): Promise<number>;
  stop(): Promise<void>;
}

/** Deliveries per second of server CPU: a node, with all that it does to know of an event, against who has it in its hands. */
export async function measureFanout(): Promise<Measure[]> {
  await using stage = await createKhalaStage();
  const audience = startAudience();
  const senders: Sender[] = [];
  try {
    senders.push(await khalaSender(stage, audience), await bareSender(audience));
    const floor = await floorSender(audience);
    if (floor) senders.push(floor);
    else process.stderr.write('no C compiler: the fanout floor is left out\n');
    const measures: Measure[] = [];
    for (const events of EVENTS_PER_TICK) measures.push(await takeTurns(senders, audience, events));
    return measures;
  } finally {
    for (const sender of senders) await sender.stop();
    await audience.stop();
  }
}

async function takeTurns(
  senders: readonly Sender[],
  audience: Audience,
  events: number,
): Promise<Measure> {
  const rates = new Map(senders.map(({ name }) => [name, [] as number[]]));
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const sender of senders) {
      const rate = await deliveriesPerCpuS(sender, audience, events);
      // The first round warms up.
      if (round >= 0) rates.get(sender.name)?.push(rate);
    }
  }
  const [khala = [], bare = [], floor] = senders.map(({ name }) => rates.get(name) ?? []);
  const rateOf = (of: number[]) => `${Math.round(median(of))}`;
  const loop = events === 1 ? 'ws.send loop' : `ws.send × ${events}`;
  return {
    name: `fanout, ${SUBSCRIBERS} subscribers, ${events} per tick, deliveries per server CPU-second`,
    value: median(khala.map((rate, round) => rate / (bare[round] ?? Number.NaN))),
    unit: '×',
    better: 'higher',
    ...(events === 1 ? { goal: 1, stretch: 1.2 } : { goal: 8, stretch: 12 }),
    baseline: `${loop}, ${rateOf(bare)} (subject ${rateOf(khala)}, send(2) in C ${floor ? rateOf(floor) : 'left out'})`,
    samples: { subject: khala, baseline: bare, ...(floor ? { floor } : {}) },
  };
}

async function deliveriesPerCpuS(
  { name, pid, topic, tick }: Sender,
  audience: Audience,
  events: number,
): Promise<number> {
  const beforeUs = cpuUsOfTree(pid);
  let last = 0;
  for (let ticks = 0; ticks < TICKS_PER_ROUND; ticks += 1) {
    const [seq] = await Promise.all([tick(events), delay(TICK_MS)]);
    last = seq;
  }
  await audience.reach(name, { [topic]: last });
  const cpuS = (cpuUsOfTree(pid) - beforeUs) / 1_000_000;
  return (SUBSCRIBERS * TICKS_PER_ROUND * events) / cpuS;
}

async function khalaSender(stage: KhalaStage, audience: Audience): Promise<Sender> {
  const node = await stage.startNode();
  const device = await stage.issuer.newDevice();
  const { runId, topic, epoch } = await stage.createTopic(device.userId);
  const seats = Array.from({ length: SUBSCRIBERS }, () => [{ topic, epoch, afterSeq: 0 }]);
  await audience.open({
    ...{ group: 'khala', url: node.url, atOnce: SOCKETS_AT_ONCE },
    ...(await seatsOf(stage.issuer, device, seats)),
  });
  const tick = (events: number) => stage.append(runId, events, EVENT_BYTES);
  return { name: 'khala', pid: node.pid, topic, tick, stop: () => node.stop() };
}

async function bareSender(audience: Audience): Promise<Sender> {
  const server = await startBareServer();
  const bare = createBareTopic('run:bare:events');
  await audience.open(bareOpening('ws', server.url, bare.topic));
  return {
    ...{ name: 'ws', pid: server.pid, topic: bare.topic },
    async tick(events) {
      await server.send(bare.single(events, EVENT_BYTES));
      return bare.head;
    },
    stop: () => server.stop(),
  };
}

async function floorSender(audience: Audience): Promise<Sender | undefined> {
  const floor = await startFanoutFloor(SUBSCRIBERS);
  if (!floor) return undefined;
  const bare = createBareTopic('run:floor:events');
  await audience.open(bareOpening('tcp', floor.url, bare.topic));
  return {
    ...{ name: 'tcp', pid: floor.pid, topic: bare.topic },
    async tick(events) {
      const [single] = events === 1 ? bare.single(1, EVENT_BYTES) : [];
      await floor.send(single ?? bare.joined(events, EVENT_BYTES));
      return bare.head;
    },
    stop: () => floor.stop(),
  };
}

function bareOpening(kind: 'ws' | 'tcp', url: string, topic: string) {
  const seats = Array.from({ length: SUBSCRIBERS }, () => ({
    topics: [{ topic, epoch: '', afterSeq: 0 }],
  }));
  return { kind, url, seats, group: kind, atOnce: SOCKETS_AT_ONCE };
}
