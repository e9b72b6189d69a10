import { OUTBOX_BYTES_MAX } from '#services/khala/limits.ts';
import { type Measure, median } from '../measure.ts';
import { seatsOf, startAudience } from './audience/audience.ts';
import { paced } from './paced-load.ts';
import { COLLECTING_ENV, settledBytes } from './resident.ts';
import { sized } from './sizes.ts';
import { type BenchNode, createKhalaStage } from './stage.ts';

/** Enough of them that what their queues hold stands out of what a process breathes. */
const READERS = sized(64, 8);
const SLOW_BYTES_PER_S = 64_000;
/** Several times as much as a slow reader takes. */
const EVENT_BYTES = 4_096;
const EVENTS_PER_SECOND = 100;
const EVENTS_PER_ROUND = sized(1_000, 200);
const ROUNDS = sized(2, 1);
/** More than the kernels' buffers take before anything waits in the node. */
const BACKLOG_EVENTS = 2_000;
/** No two of them are within one page: what they wait for are not the same bytes. */
const APART_EVENTS = 100;
const WRITTEN_EVENTS = BACKLOG_EVENTS + READERS * APART_EVENTS;
const SOCKETS_AT_ONCE = 16;

/** What a reader at 64 kB/s makes a node hold beyond what it holds for the same readers when they keep up. */
export async function measureSlowReaders(): Promise<Measure> {
  await using stage = await createKhalaStage();
  const audience = startAudience();
  try {
    const device = await stage.issuer.newDevice();
    const live = await stage.createTopic(device.userId);
    let head = await stage.append(live.runId, WRITTEN_EVENTS, EVENT_BYTES);
    const growth = async (node: BenchNode, readBytesPerS?: number) => {
      const before = await settledBytes(node.pid);
      const positions = Array.from({ length: READERS }, (_, index) => [
        { ...live, afterSeq: readBytesPerS === undefined ? head : index * APART_EVENTS },
      ]);
      const load = async () => {
        await audience.open({
          ...(await seatsOf(stage.issuer, device, positions)),
          ...{ group: 'readers', url: node.url, atOnce: SOCKETS_AT_ONCE, readBytesPerS },
        });
        await write();
        // One that reads slowly is somewhere on its way.
        if (readBytesPerS !== undefined) await audience.dense('readers');
        else await audience.reach('readers', { [live.topic]: head });
      };
      await load();
      // What waits for a slow reader still waits.
      const bytes = (await settledBytes(node.pid)) - before;
      await audience.close('readers');
      return bytes / READERS;
    };
    const write = () =>
      paced(EVENTS_PER_ROUND, EVENTS_PER_SECOND, async () => {
        head = Math.max(head, await stage.append(live.runId, 1, EVENT_BYTES));
      });
    const slow: number[] = [];
    const quick: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      // A node of its own: what an earlier round's queues freed would be taken again unseen.
      const node = await stage.startNode(COLLECTING_ENV);
      try {
        quick.push(await growth(node));
        slow.push(await growth(node, SLOW_BYTES_PER_S));
      } finally {
        await node.stop();
      }
    }
    return {
      name: `growth of resident memory per reader at ${SLOW_BYTES_PER_S / 1_000} kB/s, of ${READERS}`,
      value: median(slow) / OUTBOX_BYTES_MAX,
      unit: '×',
      better: 'lower',
      ...{ goal: 2, stretch: 1.2 },
      baseline: `the cap of a connection, ${OUTBOX_BYTES_MAX} bytes (subject ${Math.round(median(slow))}; readers that keep up ${Math.round(median(quick))})`,
      samples: { slow_bytes: slow, quick_bytes: quick },
    };
  } finally {
    await audience.stop();
  }
}
