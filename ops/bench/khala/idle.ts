import { setTimeout as delay } from 'node:timers/promises';
import { type Measure, median } from '../measure.ts';
import { type Audience, seatsOf, startAudience } from './audience/audience.ts';
import { startBareServer } from './floors/bare-server.ts';
import { assertOpenFiles } from './open-files.ts';
import { COLLECTING_ENV, settledBytes } from './resident.ts';
import { sized } from './sizes.ts';
import { createKhalaStage, type KhalaStage } from './stage.ts';

const CONNECTIONS = sized(5_000, 200);
/** They stay: what a process allocates once they have paid for, and no page of theirs is taken again. */
const WARM_UP_CONNECTIONS = sized(500, 50);
/** On top of those, within what a node takes: a heap that has grown by then does not grow again. */
const FURTHER_CONNECTIONS = sized(4_000, 200);
const ROUNDS = sized(2, 1);
const SOCKETS_AT_ONCE = 50;
/** Everyone is live and nothing is under way. */
const SETTLE_MS = 3_000;

type Open = (group: string, count: number) => Promise<unknown>;

/** Sockets that were admitted, follow one topic and are silent, against sockets of `ws` that were opened. */
export async function measureIdle(): Promise<Measure[]> {
  assertOpenFiles(WARM_UP_CONNECTIONS + CONNECTIONS + FURTHER_CONNECTIONS);
  await using stage = await createKhalaStage();
  const audience = startAudience();
  const khala: Held[] = [];
  const bare: Held[] = [];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      khala.push(await heldByKhala(stage, audience));
      bare.push(await heldByBare(audience));
    }
  } finally {
    await audience.stop();
  }
  const measure = (name: string, of: keyof Held): Measure => {
    const [subject, baseline] = [khala, bare].map((each) => each.map((held) => held[of]));
    return {
      name,
      value: median(
        (subject ?? []).map((bytes, round) => bytes / (baseline?.[round] ?? Number.NaN)),
      ),
      unit: '×',
      better: 'lower',
      ...{ goal: 1.7, stretch: 1.35 },
      baseline: `bare ws, ${Math.round(median(baseline ?? []))} bytes (subject ${Math.round(median(subject ?? []))}), both after collecting`,
      samples: { subject_bytes: subject ?? [], baseline_bytes: baseline ?? [] },
    };
  };
  return [
    measure(`resident memory per idle connection, of ${CONNECTIONS}`, 'first'),
    measure(`the same, of ${FURTHER_CONNECTIONS} on top of them`, 'further'),
  ];
}

/** Bytes per connection. */
interface Held {
  first: number;
  further: number;
}

async function heldByKhala(stage: KhalaStage, audience: Audience): Promise<Held> {
  const node = await stage.startNode(COLLECTING_ENV);
  const device = await stage.issuer.newDevice();
  const idle = await stage.createTopic(device.userId);
  const afterSeq = await stage.append(idle.runId, 1, 200);
  try {
    return await heldPerConnection(node.pid, audience, async (group, count) => {
      const seats = Array.from({ length: count }, () => [{ ...idle, afterSeq }]);
      await audience.open({
        ...{ group, url: node.url, atOnce: SOCKETS_AT_ONCE },
        ...(await seatsOf(stage.issuer, device, seats)),
      });
    });
  } finally {
    await node.stop();
  }
}

async function heldByBare(audience: Audience): Promise<Held> {
  const server = await startBareServer(COLLECTING_ENV);
  try {
    return await heldPerConnection(server.pid, audience, (group, count) =>
      audience.open({
        ...{ group, kind: 'ws', url: server.url, atOnce: SOCKETS_AT_ONCE },
        seats: Array.from({ length: count }, () => ({ topics: [] })),
      }),
    );
  } finally {
    await server.stop();
  }
}

async function heldPerConnection(pid: number, audience: Audience, open: Open): Promise<Held> {
  const heldAfter = async (group: string, count: number) => {
    await open(group, count);
    await delay(SETTLE_MS);
    return settledBytes(pid);
  };
  const warm = await heldAfter('warm', WARM_UP_CONNECTIONS);
  const first = await heldAfter('first', CONNECTIONS);
  const further = await heldAfter('further', FURTHER_CONNECTIONS);
  for (const group of ['warm', 'first', 'further']) {
    // They are all still there.
    await audience.reach(group, {});
    await audience.close(group);
  }
  return {
    first: (first - warm) / CONNECTIONS,
    further: (further - first) / FURTHER_CONNECTIONS,
  };
}
