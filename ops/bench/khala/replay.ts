import { type Measure, median } from '../measure.ts';
import { seatsOf, startAudience } from './audience/audience.ts';
import type { ReplayFloorRequest } from './floors/replay-floor-process.ts';
import { SERVER_CORE } from './pinned.ts';
import { startPinnedProcess } from './pinned-process.ts';
import { peakBytes, residentBytes } from './resident.ts';
import { sized } from './sizes.ts';
import { type BenchNode, type BenchTopic, createKhalaStage, type KhalaStage } from './stage.ts';

const EVENTS = sized(100_000, 5_000);
const EVENT_BYTES = 200;
const ROUNDS = sized(5, 2);
const MIB = 1_048_576;
/** About ten seconds for the whole replay: slow beside the second that it takes otherwise, and bearable to wait for. */
const SLOW_BYTES_PER_S = 5 * MIB;

/** A long replay to one reader: how long beside the work that nobody can spare, and what it holds meanwhile. */
export async function measureReplay(): Promise<Measure[]> {
  await using stage = await createKhalaStage();
  const node = await stage.startNode();
  const audience = startAudience();
  try {
    const device = await stage.issuer.newDevice();
    const written = await stage.createTopic(device.userId);
    await stage.append(written.runId, EVENTS, EVENT_BYTES);
    const opening = await seatsOf(stage.issuer, device, [[{ ...written, afterSeq: 0 }]]);
    const replay = async (readBytesPerS?: number) => {
      const { caughtUpMs } = await audience.open({
        ...{ ...opening, group: 'replay', url: node.url, atOnce: 1, readBytesPerS },
      });
      const { events } = await audience.reach('replay', { [written.topic]: EVENTS });
      if (events !== EVENTS) throw new Error(`${events} events came of ${EVENTS}`);
      await audience.close('replay');
      return caughtUpMs[0] ?? Number.NaN;
    };
    return [
      await againstFloor(stage, written, replay),
      await slowReplay(node, () => replay(SLOW_BYTES_PER_S)),
    ];
  } finally {
    await audience.stop();
    await node.stop();
  }
}

async function againstFloor(
  stage: KhalaStage,
  { runId, topic }: BenchTopic,
  replay: () => Promise<number>,
): Promise<Measure> {
  const floor = startPinnedProcess<ReplayFloorRequest>(
    new URL('./floors/replay-floor-process.ts', import.meta.url),
    SERVER_CORE,
  );
  const subject: number[] = [];
  const baseline: number[] = [];
  try {
    for (let round = -1; round < ROUNDS; round += 1) {
      const khalaMs = await replay();
      const answer = await floor.ask({ url: stage.runtimeUrl, runId, topic });
      const { ms, events } = answer as { ms: number; events: number };
      if (events !== EVENTS) throw new Error(`the floor read ${events} of ${EVENTS}`);
      if (round < 0) continue;
      subject.push(khalaMs);
      baseline.push(ms);
    }
  } finally {
    await floor.stop();
  }
  return {
    name: `cold replay of ${EVENTS} events of ${EVENT_BYTES} B`,
    value: median(subject.map((ms, round) => ms / (baseline[round] ?? Number.NaN))),
    unit: '×',
    better: 'lower',
    ...{ goal: 2, stretch: 1.3 },
    baseline: `one cursor and the framing, sent to nobody, ${median(baseline).toFixed(0)} ms (subject ${median(subject).toFixed(0)} ms, to a socket)`,
    samples: { subject_ms: subject, baseline_ms: baseline },
  };
}

/** The node is warm by then: what grows is what a reader that does not keep up makes it hold. */
async function slowReplay(node: BenchNode, replay: () => Promise<number>): Promise<Measure> {
  const growth: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = residentBytes(node.pid);
    growth.push(((await peakBytes(node.pid, replay())) - before) / MIB);
  }
  return {
    name: `growth of resident memory, ${EVENTS} events to a reader at ${SLOW_BYTES_PER_S / MIB} MiB/s`,
    value: median(growth),
    unit: 'MiB',
    better: 'lower',
    ...{ goal: 8, stretch: 4 },
    baseline: 'absolute, the peak over what the node held before, warm, without collecting',
    samples: { growth_mib: growth },
  };
}
