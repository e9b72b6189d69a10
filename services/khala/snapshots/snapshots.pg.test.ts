import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { takeSnapshot } from '#db/runtime/snapshots.ts';
import { newId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import {
  type Authority,
  createAuthority,
  createIssuer,
  type Device,
  type Issuer,
  type RunningNode,
  startNode,
} from '../testing/harness.ts';
import { RawPeer } from '../testing/raw-peer.ts';
import { revoke } from '../testing/revoke.ts';
import { dpopOf, fetchSnapshot, snapshotUrl } from '../testing/snapshot-request.ts';

const BUDGET = 50;

let authority: Authority;
let issuer: Issuer;
let node: RunningNode;
let peers: RawPeer[] = [];

beforeAll(async () => {
  authority = await createAuthority();
  issuer = await createIssuer();
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

interface Listed {
  device: Device;
  topic: string;
  token: string;
  /** Begins a run, which is one row on the topic. */
  begin(runs: number): Promise<void>;
  snapshot(): Promise<void>;
}

async function listedRuns(): Promise<Listed> {
  const device = await issuer.newDevice();
  const topic = topics.userRuns(device.userId);
  return {
    device,
    topic,
    token: await issuer.token(device, { topics: [topic] }),
    async begin(runs) {
      for (let run = 0; run < runs; run += 1) {
        const { runId } = await authority.newRun({ userId: device.userId });
        await authority.append(runId, 1);
      }
    },
    async snapshot() {
      await takeSnapshot(authority.database.runtime, topic, Date.now());
    },
  };
}

async function subscribed(
  { device, token, topic }: Listed,
  cursor?: { epoch: string; seq: bigint },
) {
  const peer = new RawPeer(node.url);
  peers.push(peer);
  await peer.admitted(device, token);
  peer.subscribe([topic], cursor ? [{ topic, ...cursor }] : []);
  return peer;
}

function seqsOf(peer: RawPeer): bigint[] {
  return peer.received.flatMap((message) => {
    if (message.kind === 'update') return [message.seq];
    return message.kind === 'update_batch' ? message.updates.map(({ seq }) => seq) : [];
  });
}

describe('a subscription without a cursor', () => {
  test('begins at the snapshot, and what it names is served', async () => {
    const list = await listedRuns();
    await list.begin(3);
    await list.snapshot();
    await list.begin(2);
    const peer = await subscribed(list);
    const answer = await peer.next('subscribed');
    expect(answer).toMatchObject({ snapshot_seq: 3n, from_seq: 4n, head_seq: 5n });
    await peer.next('caught_up');
    expect(seqsOf(peer)).toEqual([4n, 5n]);
    const url = new URL(answer.snapshot_url, `http://127.0.0.1:${node.port}`);
    expect(url.href).toBe(snapshotUrl(node, list.topic));
    const response = await fetchSnapshot(node, list.topic, list);
    expect(response.status).toBe(200);
    const text = await response.text();
    const document = JSON.parse(text);
    expect(document).toMatchObject({ topic: list.topic, epoch: answer.epoch, as_of_seq: '3' });
    expect(document.items).toHaveLength(3);
    const sha256 = createHash('sha256').update(text);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/json',
      'khala-as-of-seq': '3',
      'khala-epoch': answer.epoch,
      'khala-head-seq': '5',
      'cache-control': 'private, no-cache',
      'repr-digest': `sha-256=:${sha256.copy().digest('base64')}:`,
      etag: `"${sha256.digest('hex')}"`,
    });
    await list.begin(1);
    await peer.next('update');
    expect(seqsOf(peer)).toEqual([4n, 5n, 6n]);
  });

  test('begins at the beginning where there is no snapshot, or where it says so', async () => {
    const list = await listedRuns();
    await list.begin(2);
    expect(await (await subscribed(list)).next('subscribed')).toMatchObject({
      ...{ from_seq: 1n, snapshot_seq: 0n, snapshot_url: '' },
    });
    await list.snapshot();
    const peer = await subscribed(list, { epoch: '', seq: 0n });
    expect(await peer.next('subscribed')).toMatchObject({ from_seq: 1n, snapshot_seq: 0n });
  });

  test('is told that the snapshot is too old where the tail is over the budget', async () => {
    const list = await listedRuns();
    await list.begin(1);
    await list.snapshot();
    await authority.database.runtime`
      update runtime.sync_topics set head_seq = ${BUDGET + 2} where topic = ${list.topic}`;
    expect(await (await subscribed(list)).next('snapshot_required')).toMatchObject({
      reason: 'replay_budget_exceeded',
      snapshot_seq: 1n,
    });
  });
});

test('a cursor behind the floor is sent to the snapshot', async () => {
  const list = await listedRuns();
  await list.begin(4);
  await list.snapshot();
  const [row] = await authority.database.runtime<{ epoch: string }[]>`
    update runtime.sync_topics set floor_seq = 3 where topic = ${list.topic} returning epoch`;
  const peer = await subscribed(list, { epoch: row?.epoch ?? '', seq: 1n });
  expect(await peer.next('snapshot_required')).toMatchObject({
    reason: 'compacted',
    snapshot_seq: 4n,
    snapshot_url: `/v1/sync/snapshots/${encodeURIComponent(list.topic)}`,
  });
});

describe('the door of snapshots', () => {
  let list: Listed;
  beforeAll(async () => {
    list = await listedRuns();
    await list.begin(1);
    await list.snapshot();
  });

  const status = async (response: Response) => {
    const { code } = (await response.json()) as { code: string };
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    return [response.status, code];
  };

  test('what a reader has already is not sent again', async () => {
    const first = await fetchSnapshot(node, list.topic, list);
    const etag = first.headers.get('etag') ?? '';
    await first.arrayBuffer();
    const second = await fetchSnapshot(node, list.topic, {
      ...list,
      headers: { 'if-none-match': etag },
    });
    expect([second.status, await second.text()]).toEqual([304, '']);
    await list.begin(1);
    await list.snapshot();
    const third = await fetchSnapshot(node, list.topic, {
      ...list,
      headers: { 'if-none-match': etag },
    });
    expect(third.status).toBe(200);
  });

  test('no token, a bound token without its proof, and a replayed proof open nothing', async () => {
    const url = snapshotUrl(node, list.topic);
    expect(await status(await fetch(url))).toEqual([401, 'unauthorized']);
    for (const headers of [
      { authorization: `Bearer ${list.token}` },
      { authorization: `DPoP ${list.token}` },
      { authorization: 'DPoP x', dpop: 'x' },
    ]) {
      expect(await status(await fetch(url, { headers }))).toEqual([401, 'unauthorized']);
    }
    const headers = {
      authorization: `DPoP ${list.token}`,
      dpop: await dpopOf(list.device, url, list.token),
    };
    expect((await fetch(url, { headers })).status).toBe(200);
    expect(await status(await fetch(url, { headers }))).toEqual([401, 'unauthorized']);
  });

  test('a token without a key needs no proof, and lives too short to be of use to a thief', async () => {
    const token = await issuer.token(list.device, {
      topics: [list.topic],
      unbound: true,
      lifeS: 60,
    });
    const response = await fetch(snapshotUrl(node, list.topic), {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(200);
  });

  test('a topic of somebody else is refused like one that does not exist', async () => {
    const stranger = await issuer.newDevice();
    const unknown = topics.userRuns(newId('user'));
    const token = await issuer.token(stranger, { topics: [list.topic, unknown] });
    const by = { device: stranger, token };
    const foreign = await fetchSnapshot(node, list.topic, by);
    const absent = await fetchSnapshot(node, unknown, by);
    expect(await status(foreign)).toEqual([403, 'forbidden']);
    expect(await status(absent)).toEqual([403, 'forbidden']);
    const ungranted = await fetchSnapshot(node, topics.userNotifications(list.device.userId), list);
    expect(await status(ungranted)).toEqual([403, 'forbidden']);
    expect(await status(await fetchSnapshot(node, 'no topic', list))).toEqual([403, 'forbidden']);
  });

  test('a session that was revoked reads no more', async () => {
    const gone = await listedRuns();
    await gone.begin(1);
    await gone.snapshot();
    expect((await fetchSnapshot(node, gone.topic, gone)).status).toBe(200);
    await revoke(authority, [{ session_id: gone.device.sessionId }]);
    const answer = async () => (await fetchSnapshot(node, gone.topic, gone)).status;
    await expect.poll(answer, { timeout: 5_000 }).toBe(401);
  });

  test('a topic of a class without snapshots has none', async () => {
    const { topic } = await authority.newRun(list.device);
    const token = await issuer.token(list.device, { topics: [topic] });
    const by = { device: list.device, token };
    expect(await status(await fetchSnapshot(node, topic, by))).toEqual([404, 'not_found']);
  });

  test('pages of allowed origins may read it, others may not', async () => {
    const url = snapshotUrl(node, list.topic);
    const ask = (origin: string) =>
      fetch(url, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'GET',
          'access-control-request-headers': 'authorization,dpop',
        },
      });
    const allowed = await ask('https://app.example');
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(allowed.headers.get('access-control-allow-headers')).toContain('dpop');
    expect((await ask('https://evil.example')).headers.get('access-control-allow-origin')).toBe(
      null,
    );
    const evil = { ...list, headers: { origin: 'https://evil.example' } };
    expect(await status(await fetchSnapshot(node, list.topic, evil))).toEqual([403, 'forbidden']);
  });

  test('every answer and refusal is in the audit', async () => {
    const reasons = async () => {
      const rows = await authority.database.khala<{ decision: string; reason: string }[]>`
        select distinct decision, reason from khala.audit where connection_id = ''`;
      return rows.map(({ decision, reason }) => `${decision} ${reason}`);
    };
    await expect
      .poll(reasons, { timeout: 5_000 })
      .toEqual(
        expect.arrayContaining([
          'allow snapshot_read',
          'auth_failure no_token',
          'auth_failure wrong_scheme',
          'auth_failure proof_replayed',
          'deny owner_mismatch',
          'deny owner_unknown',
          'deny not_granted',
        ]),
      );
  });
});
