import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { transaction } from '#db/transaction.ts';
import { newId } from '#proto/ids.ts';
import { KHALA_JSON_PROTOCOL } from '#proto/khala-frame.ts';
import { topics } from '#proto/topics.ts';
import { DensityChecker } from './testing/density-checker.ts';
import {
  type Authority,
  createAuthority,
  createIssuer,
  type Device,
  type Issuer,
  type RunningNode,
  startNode,
} from './testing/harness.ts';
import { type PeerOptions, RawPeer } from './testing/raw-peer.ts';

const BUDGET = 50;

let authority: Authority;
let issuer: Issuer;
let node: RunningNode;
let device: Device;
let peers: RawPeer[] = [];

beforeAll(async () => {
  authority = await createAuthority();
  issuer = await createIssuer();
  device = await issuer.newDevice();
  node = await startNode(issuer, authority.database.khalaUrl, {
    safetyPollMs: 200,
    replayBudgetEvents: () => BUDGET,
  });
});

afterEach(() => {
  for (const peer of peers) peer.close();
  peers = [];
});

afterAll(async () => {
  await node?.stop();
  await authority?.[Symbol.asyncDispose]();
});

async function admitted(granted: readonly string[], options?: PeerOptions): Promise<RawPeer> {
  const peer = new RawPeer(node.url, options);
  peers.push(peer);
  await peer.admitted(device, await issuer.token(device, { topics: granted }));
  return peer;
}

async function newTopic(events = 0) {
  const run = await authority.newRun(device);
  if (events > 0) await authority.append(run.runId, events);
  const [row] = await authority.database.owner<{ epoch: string }[]>`
    select epoch from runtime.sync_topics where topic = ${run.topic}`;
  return { ...run, epoch: row?.epoch ?? '' };
}

function seqsOf(peer: RawPeer, topic: string): bigint[] {
  return peer.received.flatMap((message) => {
    if (message.kind === 'update' && message.topic === topic) return [message.seq];
    if (message.kind !== 'update_batch' || message.topic !== topic) return [];
    return message.updates.map(({ seq }) => seq);
  });
}

function upTo(last: number, first = 1): bigint[] {
  return Array.from({ length: last - first + 1 }, (_, index) => BigInt(first + index));
}

describe.each([
  ['khala.v1', undefined],
  ['khala.v1+json', KHALA_JSON_PROTOCOL],
])('over %s', (_, protocol) => {
  test('a topic is replayed, caught up and then followed', async () => {
    const { topic, runId, epoch } = await newTopic(7);
    const peer = await admitted([topic], protocol ? { protocol } : {});
    peer.subscribe([topic]);
    expect(await peer.next('subscribed')).toMatchObject({
      topic,
      epoch,
      from_seq: 1n,
      head_seq: 7n,
      request_id: 'r1',
    });
    expect(await peer.next('caught_up')).toMatchObject({ topic, epoch, seq: 7n });
    expect(seqsOf(peer, topic)).toEqual(upTo(7));
    await authority.append(runId, 1);
    const live = await peer.next('update');
    expect(live).toMatchObject({ topic, seq: 8n, update: { kind: 'text.delta' } });
    expect(live.update.payload_hash).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(live.update.event_hash).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(JSON.parse(new TextDecoder().decode(live.update.payload))).toHaveProperty('text');
  });
});

describe('a cursor', () => {
  test('in the window is continued exactly', async () => {
    const { topic, epoch } = await newTopic(10);
    const peer = await admitted([topic]);
    peer.subscribe([topic], [{ topic, epoch, seq: 6n }]);
    expect(await peer.next('subscribed')).toMatchObject({ from_seq: 7n, head_seq: 10n });
    await peer.next('caught_up');
    expect(seqsOf(peer, topic)).toEqual(upTo(10, 7));
  });

  test('at the head succeeds with no event', async () => {
    const { topic, epoch } = await newTopic(4);
    const peer = await admitted([topic]);
    peer.subscribe([topic], [{ topic, epoch, seq: 4n }]);
    expect(await peer.next('caught_up')).toMatchObject({ seq: 4n });
    expect(seqsOf(peer, topic)).toEqual([]);
  });

  test('of an empty topic succeeds at 0', async () => {
    const { topic } = await newTopic();
    const peer = await admitted([topic]);
    peer.subscribe([topic]);
    expect(await peer.next('caught_up')).toMatchObject({ seq: 0n });
  });

  test('ahead of the head is stale, and says where the head is', async () => {
    const { topic, epoch } = await newTopic(4);
    const peer = await admitted([topic]);
    peer.subscribe([topic], [{ topic, epoch, seq: 5n }]);
    expect(await peer.next('snapshot_required')).toMatchObject({
      topic,
      code: 'stale_cursor',
      reason: 'cursor_ahead',
      head_seq: 4n,
      floor_seq: 0n,
      epoch,
    });
  });

  test('of another lineage is stale', async () => {
    const { topic } = await newTopic(4);
    const peer = await admitted([topic]);
    const epoch = '00000000-0000-4000-8000-000000000000';
    peer.subscribe([topic], [{ topic, epoch, seq: 2n }]);
    expect(await peer.next('snapshot_required')).toMatchObject({ reason: 'lineage_mismatch' });
  });

  test('further behind than the replay budget is stale, one event less is not', async () => {
    const { topic, epoch } = await newTopic(BUDGET + 1);
    const peer = await admitted([topic]);
    peer.subscribe([topic]);
    expect(await peer.next('snapshot_required')).toMatchObject({
      reason: 'replay_budget_exceeded',
    });
    peer.subscribe([topic], [{ topic, epoch, seq: 1n }]);
    await peer.next('caught_up');
    expect(seqsOf(peer, topic)).toEqual(upTo(BUDGET + 1, 2));
  });

  test('behind the floor is stale, also when nothing is retained', async () => {
    const { topic, epoch } = await newTopic(4);
    await authority.database.owner`
      update runtime.sync_topics set head_seq = 4, floor_seq = 4 where topic = ${topic}`;
    const peer = await admitted([topic]);
    peer.subscribe([topic], [{ topic, epoch, seq: 3n }]);
    expect(await peer.next('snapshot_required')).toMatchObject({
      reason: 'retention_expired',
      floor_seq: 4n,
    });
    peer.subscribe([topic], [{ topic, epoch, seq: 4n }]);
    await peer.next('caught_up');
  });
});

describe('a topic is refused, and the others go on', () => {
  async function refused(topic: string, granted: readonly string[] = [topic]) {
    const { topic: own } = await newTopic(1);
    const peer = await admitted([...granted, own]);
    peer.subscribe([topic, own]);
    const error = await peer.next('error');
    expect(error).toMatchObject({ topic, request_id: 'r1' });
    await peer.next('caught_up');
    expect(seqsOf(peer, own)).toEqual([1n]);
    expect(seqsOf(peer, topic)).toEqual([]);
    return `${error.code}: ${error.message}`;
  }

  test('when the token does not grant it', async () => {
    const { topic } = await newTopic(1);
    expect(await refused(topic, [])).toBe('forbidden_topic: not granted');
  });

  test('when it belongs to someone else, whatever the token says', async () => {
    const { runId, topic } = await authority.newRun(await issuer.newDevice());
    await authority.append(runId, 1);
    expect(await refused(topic)).toBe('forbidden_topic: owner mismatch');
  });

  test('when nobody has published to it, so that its owner is unknown', async () => {
    expect(await refused(topics.workerEvents(newId('worker')))).toBe(
      'forbidden_topic: owner unknown',
    );
  });

  test('when it is for nodes only', async () => {
    expect(await refused('system:revocations')).toBe('forbidden_topic: not joinable');
  });

  test.each(['run:*:events', 'run:run_1:events', 'RUN:x:events', 'run::events', '\u0000'])(
    'when it is not in the grammar: %j',
    async (text) => {
      const code = await refused(text);
      expect(code).toBe('bad_subscription: no such topic in the grammar');
    },
  );
});

test('a topic of another class, owned by the organisation, is followed', async () => {
  const topic = topics.orgWorkers(device.orgId);
  const publish = (version: bigint) =>
    transaction(authority.database.runtime, (tx) =>
      authority.journal.publishIn(tx, [
        {
          topic,
          class: 'codex_worker_summaries',
          owner: { org_id: device.orgId },
          kind: 'worker.summary',
          payload: { status: 'running' },
          doc_key: 'worker-1',
          doc_version: version,
        },
      ]),
    );
  await publish(1n);
  const peer = await admitted([topic]);
  peer.subscribe([topic]);
  await peer.next('caught_up');
  await publish(2n);
  expect(await peer.next('update')).toMatchObject({
    seq: 2n,
    update: { doc_key: 'worker-1', doc_version: 2n, event_hash: '' },
  });
});

test('a topic that changes hands is taken from its follower', async () => {
  const { topic } = await authority.newRun({ userId: device.userId });
  const peer = await admitted([topic]);
  peer.subscribe([topic]);
  await peer.next('caught_up');
  await authority.database.owner`
    update runtime.sync_topics set owner_user_id = ${newId('user')} where topic = ${topic}`;
  expect(await peer.next('error')).toMatchObject({ topic, code: 'forbidden_topic' });
});

test('a new lineage ends the old one with its followers told', async () => {
  const { topic } = await newTopic(2);
  const peer = await admitted([topic]);
  peer.subscribe([topic]);
  await peer.next('caught_up');
  await authority.database.owner`
    update runtime.sync_topics set epoch = gen_random_uuid() where topic = ${topic}`;
  expect(await peer.next('snapshot_required')).toMatchObject({ reason: 'lineage_mismatch' });
});

test('what a refreshed token no longer grants ends, the rest stays', async () => {
  const kept = await newTopic(1);
  const lost = await newTopic(1);
  const peer = new RawPeer(node.url);
  peers.push(peer);
  const first = await issuer.token(device, { topics: [kept.topic, lost.topic] });
  const { nonce } = await peer.answerChallenge(device, first);
  await peer.next('welcome');
  peer.subscribe([kept.topic, lost.topic]);
  await peer.next('caught_up');
  await peer.next('caught_up');
  const second = await issuer.token(device, { topics: [kept.topic] });
  await peer.refresh(device, second, nonce);
  expect(await peer.next('error')).toMatchObject({ topic: lost.topic, code: 'forbidden_topic' });
  await authority.append(lost.runId, 1);
  await authority.append(kept.runId, 1);
  await peer.next('update');
  expect(seqsOf(peer, kept.topic)).toEqual([1n, 2n]);
  expect(seqsOf(peer, lost.topic)).toEqual([1n]);
});

test('a refresh for another organisation ends the topics of the one before', async () => {
  const own = await newTopic(1);
  const { topic: ofOrg } = await authority.newRun({ orgId: device.orgId });
  const peer = new RawPeer(node.url);
  peers.push(peer);
  const topics = [own.topic, ofOrg];
  const first = await issuer.token(device, { topics });
  const { nonce } = await peer.answerChallenge(device, first);
  await peer.next('welcome');
  peer.subscribe(topics);
  await peer.next('caught_up');
  await peer.next('caught_up');
  const second = await issuer.token({ ...device, orgId: newId('org') }, { topics });
  await peer.refresh(device, second, nonce);
  expect(await peer.next('error')).toMatchObject({ topic: ofOrg, message: 'owner mismatch' });
  await authority.append(own.runId, 1);
  await peer.next('update');
  expect(seqsOf(peer, own.topic)).toEqual([1n, 2n]);
});

test('an unsubscribed topic is silent, and may be taken up again where it stopped', async () => {
  const { topic, runId, epoch } = await newTopic(3);
  const peer = await admitted([topic]);
  peer.subscribe([topic]);
  await peer.next('caught_up');
  peer.send({ kind: 'unsubscribe', topics: [topic, 'never:joined:topic'] });
  await authority.append(runId, 3);
  peer.subscribe([topic], [{ topic, epoch, seq: 3n }]);
  await peer.next('caught_up');
  expect(seqsOf(peer, topic)).toEqual(upTo(6));
});

test('many topics on many sockets stay dense while they are written', async () => {
  const runs = await Promise.all(Array.from({ length: 6 }, () => newTopic(5)));
  const granted = runs.map(({ topic }) => topic);
  const clients = await Promise.all(Array.from({ length: 4 }, () => admitted(granted)));
  for (const client of clients) client.subscribe(granted);
  await Promise.all(
    runs.map(async ({ runId }) => {
      for (let step = 0; step < 10; step += 1) await authority.append(runId, 4);
    }),
  );
  for (const client of clients) {
    await expect
      .poll(() => granted.map((topic) => seqsOf(client, topic).length))
      .toEqual(granted.map(() => 45));
    const checker = new DensityChecker();
    for (const topic of granted) {
      for (const seq of seqsOf(client, topic)) checker.record({ topic, epoch: '', seq });
    }
    expect(checker.faults).toEqual([]);
  }
});
