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
const ROUNDS = sized(2, 1);
const SOCKETS_AT_ONCE = 50;
/** Everyone is live and nothing is under way. */
const SETTLE_MS = 3_000;

type Open = (group: string, count: number) => Promise<unknown>;

/** Sockets that were admitted, follow one topic and are silent, against sockets of `ws` that were opened. */
export async function measureIdle(): Promise<Measure> {
  assertOpenFiles(WARM_UP_CONNECTIONS + CONNECTIONS);
  await using stage = await createKhalaStage();
  const audience = startAudience();
  const khala: number[] = [];
  const bare: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      khala.push(await bytesOfKhala(stage, audience));
      bare.push(await bytesOfBare(audience));
    }
  } finally {
    await audience.stop();
  }
  return {
    name: `resident memory per idle connection, of ${CONNECTIONS}`,
    value: median(khala.map((bytes, round) => bytes / (bare[round] ?? Number.NaN))),
    unit: '×',
    better: 'lower',
    ...{ goal: 1.7, stretch: 1.35 },
    baseline: `bare ws, ${Math.round(median(bare))} bytes (subject ${Math.round(median(khala))}), both after collecting`,
    samples: { subject_bytes: khala, baseline_bytes: bare },
  };
}

async function bytesOfKhala(stage: KhalaStage, audience: Audience): Promise<number> {
  const node = await stage.startNode(COLLECTING_ENV);
  const device = await stage.issuer.newDevice();
  const idle = await stage.createTopic(device.userId);
  const afterSeq = await stage.append(idle.runId, 1, 200);
  try {
    return await bytesPerConnection(node.pid, audience, async (group, count) => {
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

async function bytesOfBare(audience: Audience): Promise<number> {
  const server = await startBareServer(COLLECTING_ENV);
  try {
    return await bytesPerConnection(server.pid, audience, (group, count) =>
      audience.open({
        ...{ group, kind: 'ws', url: server.url, atOnce: SOCKETS_AT_ONCE },
        seats: Array.from({ length: count }, () => ({ topics: [] })),
      }),
    );
  } finally {
    await server.stop();
  }
}

async function bytesPerConnection(pid: number, audience: Audience, open: Open): Promise<number> {
  await open('warm', WARM_UP_CONNECTIONS);
  await delay(SETTLE_MS);
  const before = await settledBytes(pid);
  await open('idle', CONNECTIONS);
  await delay(SETTLE_MS);
  const bytes = (await settledBytes(pid)) - before;
  // They are all still there.
  await audience.reach('idle', {});
  await audience.close('idle');
  await audience.close('warm');
  return bytes / CONNECTIONS;
}
