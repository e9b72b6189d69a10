/** Retention as the worker runs it, under readers of a real node and while rows are written. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDropPartitions } from '#activities/sync/drop-partitions.ts';
import { createRetainTopics } from '#activities/sync/retain-topics.ts';
import { findJournalDrift } from '#db/runtime/sync-drift.ts';
import { ageRows } from '#db/testing/aged-rows.ts';
import { transaction } from '#db/transaction.ts';
import { newId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import { DensityChecker } from './testing/density-checker.ts';
import { createFollower } from './testing/follow.ts';
import {
  type Authority,
  createAuthority,
  createIssuer,
  type Issuer,
  type RunningNode,
  startNode,
} from './testing/harness.ts';
import { RawPeer } from './testing/raw-peer.ts';

const DAY_MS = 86_400_000;
const RULE = { topic_class: 'codex_worker_events', retention_ms: DAY_MS };
const ROWS_PER_STEP = 500;

let authority: Authority;
let issuer: Issuer;
let node: RunningNode;
beforeAll(async () => {
  authority = await createAuthority();
  issuer = await createIssuer();
  node = await startNode(issuer, authority.database.khalaUrl, {
    safetyPollMs: 100,
    replayBudgetEvents: () => 100_000,
  });
});
afterAll(async () => {
  await node?.stop();
  await authority?.[Symbol.asyncDispose]();
});

function publisher(userId: string) {
  const topic = topics.workerEvents(newId('worker'));
  return {
    topic,
    async publish(rows: number, bytes = 1_000) {
      for (let left = rows; left > 0; left -= ROWS_PER_STEP) {
        const row = {
          ...{ topic, class: 'codex_worker_events' as const, owner: { user_id: userId } },
          ...{ kind: 'test', payload: { text: 'x'.repeat(bytes) } },
        };
        await transaction(authority.database.runtime, (tx) =>
          authority.journal.publishIn(
            tx,
            Array.from({ length: Math.min(left, ROWS_PER_STEP) }, () => row),
          ),
        );
      }
    },
  };
}

/** One pass of the class. */
async function retain(): Promise<{ dropped: number; busy: number }> {
  const deps = { sql: authority.database.runtime, now: Date.now };
  const retainTopics = createRetainTopics(deps);
  for (let after: string | null = '0'; after !== null; ) {
    ({ next_topic_id: after } = await retainTopics({ ...RULE, after_topic_id: after }));
  }
  return createDropPartitions(deps)(RULE);
}

function checked(peer: RawPeer): DensityChecker {
  const checker = new DensityChecker();
  let epoch = '';
  for (const message of peer.received) {
    if (message.kind === 'subscribed') {
      epoch = message.epoch;
      checker.begin(message.topic, epoch, message.from_seq - 1n);
    }
    const updates =
      message.kind === 'update'
        ? [message.update]
        : message.kind === 'update_batch'
          ? message.updates
          : [];
    if (!('topic' in message)) continue;
    for (const { seq } of updates) checker.record({ topic: message.topic, epoch, seq });
  }
  return checker;
}

test('a reader whose rows go in the middle of a replay is told, and one that has them goes on', {
  timeout: 60_000,
}, async () => {
  const device = await issuer.newDevice();
  const { topic, publish } = publisher(device.userId);
  await publish(6_000);
  await ageRows(authority.database.owner, { topic, upToSeq: 5_000n, days: 3 });
  const token = await issuer.token(device, { topics: [topic] });
  const [slow, late] = [new RawPeer(node.url), new RawPeer(node.url)];
  await Promise.all([slow.admitted(device, token), late.admitted(device, token)]);
  // Its socket takes a window and no more, so its replay stands among rows that are about to go.
  slow.socket.pause();
  slow.subscribe([topic], [{ topic, epoch: '', seq: 0n }]);
  const [head] = await authority.database.runtime<{ epoch: string }[]>`
    select epoch from runtime.sync_topics where topic = ${topic}`;
  late.subscribe([topic], [{ topic, epoch: head?.epoch ?? '', seq: 5_200n }]);
  await late.next('caught_up');

  let writing = true;
  const writer = (async () => {
    while (writing) await publish(5);
  })();
  let dropped = 0;
  await expect
    .poll(async () => (dropped += (await retain()).dropped), { timeout: 20_000 })
    .toBeGreaterThan(0);
  writing = false;
  await writer;

  slow.socket.resume();
  expect(await slow.next('snapshot_required')).toMatchObject({
    reason: 'retention_expired',
    floor_seq: 5_000n,
  });
  expect(checked(slow).faults).toEqual([]);
  expect(checked(slow).lastSeq(topic)).toBeLessThan(5_000n);
  await publish(1, 10);
  await expect.poll(() => checked(late).lastSeq(topic)).toBeGreaterThan(6_000n);
  expect(checked(late).faults).toEqual([]);
  expect(await findJournalDrift(authority.database.runtime, { topics: [topic] })).toEqual([]);
  slow.close();
  late.close();
});

test('the client that comes back behind the floor is healed by the snapshot and misses no run', {
  timeout: 60_000,
}, async () => {
  const device = await issuer.newDevice();
  const topic = topics.userRuns(device.userId);
  const begun = new Set<string>();
  const begin = async (runs: number) => {
    for (let run = 0; run < runs; run += 1) {
      const { runId } = await authority.newRun({ userId: device.userId });
      await authority.append(runId, 1);
      begun.add(runId);
    }
  };
  await begin(4);
  const [head] = await authority.database.runtime<{ epoch: string }[]>`
    select epoch from runtime.sync_topics where topic = ${topic}`;
  await begin(4);
  await ageRows(authority.database.owner, { topic, upToSeq: 7n, days: 9 });
  // No snapshot exists yet: the pass takes it, and only then moves the floor.
  const retainTopics = createRetainTopics({ sql: authority.database.runtime, now: Date.now });
  const pass = { topic_class: 'run_summaries', retention_ms: 7 * DAY_MS, after_topic_id: '0' };
  expect(await retainTopics(pass)).toMatchObject({ floors_moved: 1, held: 0 });

  const known = new Set<string>();
  const follower = createFollower(issuer, device, node.url);
  const subscription = follower.client.subscribe(topic, {
    from: { epoch: head?.epoch ?? '', seq: 4n },
    onSnapshot({ documents }) {
      for (const { docKey } of documents) known.add(docKey);
    },
    onEvent({ docKey }) {
      known.add(docKey);
    },
  });
  await expect.poll(() => known.size, { timeout: 10_000 }).toBe(8);
  await begin(2);
  await expect.poll(() => known, { timeout: 10_000 }).toEqual(begun);
  await subscription.close();
  await follower.client.close();
});
