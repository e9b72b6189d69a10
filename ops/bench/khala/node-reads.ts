import { setTimeout as delay } from 'node:timers/promises';
import { type CountedLine, startCountedLine } from '../../sizing/counted-line.ts';
import { type Measure, median } from '../measure.ts';
import { seatsOf, startAudience } from './audience/audience.ts';
import { sized } from './sizes.ts';
import { type BenchTopic, createKhalaStage } from './stage.ts';

const TOPICS = 40;
const APPENDS = sized(400, 80);
/** One after another: appends at the same moment are one read of one node and two of two. */
const APPEND_PAUSE_MS = 15;
const EVENT_BYTES = 100;
const ROUNDS = sized(3, 1);

/** Every statement that nodes send, polls and looks included, for the same appends: one node follows all, or two halves. */
export async function measureNodeReads(): Promise<Measure> {
  await using stage = await createKhalaStage();
  const device = await stage.issuer.newDevice();
  const topics = await Promise.all(
    Array.from({ length: TOPICS }, () => stage.createTopic(device.userId)),
  );
  const lastSeq = new Map<string, number>();

  async function statements(shares: readonly (readonly BenchTopic[])[]): Promise<number> {
    const lines: CountedLine[] = [];
    const audience = startAudience();
    const nodes = [];
    try {
      for (const [index, share] of shares.entries()) {
        const line = await startCountedLine(stage.port);
        lines.push(line);
        const url = new URL(stage.khalaUrl);
        url.port = String(line.port);
        const node = await stage.startNode({ KHALA_DATABASE_URL: url.href });
        nodes.push(node);
        const seat = share.map((of) => ({ ...of, afterSeq: lastSeq.get(of.topic) ?? 0 }));
        await audience.open({
          ...{ group: String(index), url: node.url, atOnce: 1 },
          ...(await seatsOf(stage.issuer, device, [seat])),
        });
      }
      const sum = () => lines.reduce((all, line) => all + line.statements, 0);
      const before = sum();
      for (let count = 0; count < APPENDS; count += 1) {
        const to = topics[count % TOPICS];
        if (to) lastSeq.set(to.topic, await stage.append(to.runId, 1, EVENT_BYTES));
        await delay(APPEND_PAUSE_MS);
      }
      const last = Object.fromEntries(lastSeq);
      for (const index of shares.keys()) await audience.reach(String(index), last);
      return sum() - before;
    } finally {
      await audience.stop();
      for (const node of nodes) await node.stop();
      for (const line of lines) await line.close();
    }
  }

  const one: number[] = [];
  const two: number[] = [];
  const half = (rest: number) => topics.filter((_, index) => index % 2 === rest);
  for (let round = 0; round < ROUNDS; round += 1) {
    one.push(await statements([topics]));
    two.push(await statements([half(0), half(1)]));
  }
  return {
    name: `reads of Postgres by two nodes, disjoint interest, ${APPENDS} appends one after another`,
    value: median(two.map((count, round) => count / (one[round] ?? Number.NaN))),
    unit: '×',
    better: 'lower',
    ...{ goal: 1.1, stretch: 1.02 },
    baseline: `one node with all of it, ${median(one)} statements (subject ${median(two)}), polls and looks for revocations among them`,
    samples: { subject: two, baseline: one },
  };
}
