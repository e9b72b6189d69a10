import { connect } from '#db/connect.ts';
import { headsByTopic, readAfter } from '#db/runtime/sync-read.ts';
import { PAGE_BYTES_MAX, PAGE_EVENTS_MAX } from '#services/khala/limits.ts';
import { type Measure, median } from '../measure.ts';
import { seatsOf, startAudience } from './audience/audience.ts';
import { assertOpenFiles } from './open-files.ts';
import { sized } from './sizes.ts';
import { type BenchTopic, createKhalaStage, type KhalaStage } from './stage.ts';

const CLIENTS = sized(5_000, 400);
const TOPICS = sized(100, 20);
/** What happened while nobody was connected. */
const MISSED_EVENTS = 10;
const EVENT_BYTES = 200;
/** Two processes of clients; together below the handshakes that a node takes at once. */
const AUDIENCES = 2;
const SOCKETS_AT_ONCE = 150;
const ROUNDS = sized(3, 1);
/** As many connections as a node has. */
const NAIVE_CONNECTIONS = 4;

/** Everyone comes back to a node that has just begun and knows nothing, each with a position of its own. */
export async function measureStorm(): Promise<Measure> {
  assertOpenFiles(CLIENTS);
  await using stage = await createKhalaStage();
  const device = await stage.issuer.newDevice();
  const topics = await Promise.all(
    Array.from({ length: TOPICS }, () => stage.createTopic(device.userId)),
  );
  const heads = await Promise.all(
    topics.map(({ runId }) => stage.append(runId, 2 * MISSED_EVENTS, EVENT_BYTES)),
  );
  const last = Object.fromEntries(topics.map(({ topic }, index) => [topic, heads[index] ?? 0]));
  const reads: number[] = [];
  const seconds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const node = await stage.startNode();
    const audiences = Array.from({ length: AUDIENCES }, () => startAudience());
    try {
      const openings = await Promise.all(
        audiences.map((_, index) =>
          seatsOf(stage.issuer, device, seatsOfShare(topics, index * (CLIENTS / AUDIENCES))),
        ),
      );
      const before = await readsOf(node);
      const beganAtMs = performance.now();
      await Promise.all(
        audiences.map(async (audience, index) => {
          const opening = openings[index];
          if (!opening) throw new RangeError('each audience has its seats');
          await audience.open({
            ...{ ...opening, group: 'storm', url: node.url, atOnce: SOCKETS_AT_ONCE },
          });
          const { events } = await audience.reach('storm', last);
          const wanted = (CLIENTS / AUDIENCES) * MISSED_EVENTS;
          if (events !== wanted) throw new Error(`${events} events came of ${wanted}`);
        }),
      );
      seconds.push((performance.now() - beganAtMs) / 1_000);
      const read = (await readsOf(node)) - before;
      if (read === 0) throw new Error('positions were resumed and no read was counted');
      reads.push(read / CLIENTS);
    } finally {
      for (const audience of audiences) await audience.stop();
      await node.stop();
    }
  }
  const naiveS = await queryPerClientS(stage, topics);
  return {
    name: `reads of Postgres per resumed subscription, ${CLIENTS} clients, ${TOPICS} topics`,
    value: median(reads),
    unit: 'reads',
    better: 'lower',
    ...{ goal: 0.05, stretch: 0.02 },
    baseline: `a query per client: 2 reads, ${naiveS.toFixed(1)} s of nothing else (subject: everyone live after ${median(seconds).toFixed(1)} s)`,
    samples: { subject_reads: reads, subject_s: seconds, naive_s: [naiveS] },
  };
}

function seatsOfShare(topics: readonly BenchTopic[], from: number) {
  return Array.from({ length: CLIENTS / AUDIENCES }, (_, index) => {
    const followed = topics[(from + index) % topics.length];
    return followed ? [{ ...followed, afterSeq: MISSED_EVENTS }] : [];
  });
}

/** All reads of the journal, but for the poll, which looks once a second whoever is there. */
async function readsOf(node: { counted(metric: string, labels?: string): Promise<number> }) {
  const metric = 'openagents_khala_journal_reads_total';
  return (await node.counted(metric)) - (await node.counted(metric, 'read="polls"'));
}

/** Each client's head and page read for itself. */
async function queryPerClientS({ khalaUrl }: KhalaStage, topics: readonly BenchTopic[]) {
  const sql = connect({ url: khalaUrl, max: NAIVE_CONNECTIONS, applicationName: 'bench-naive' });
  const bounds = { rowsMax: PAGE_EVENTS_MAX, bytesMax: PAGE_BYTES_MAX };
  const clients = Array.from(
    { length: CLIENTS },
    (_, index) => topics[index % topics.length],
  ).values();
  const beganAtMs = performance.now();
  await Promise.all(
    Array.from({ length: NAIVE_CONNECTIONS }, async () => {
      for (const client of clients) {
        const [head] = await headsByTopic(sql, [client?.topic ?? '']);
        if (!head) throw new Error('a topic has no counter row');
        const { topicId, class: topicClass } = head;
        const at = { topicId, class: topicClass, afterSeq: BigInt(MISSED_EVENTS) };
        const rows = await readAfter(sql, [at], bounds);
        if (rows.length !== MISSED_EVENTS)
          throw new Error(`${rows.length} rows of ${MISSED_EVENTS}`);
      }
    }),
  );
  const naiveS = (performance.now() - beganAtMs) / 1_000;
  await sql.end();
  return naiveS;
}
