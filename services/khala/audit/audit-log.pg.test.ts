import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '#db/connect.ts';
import { type TestDatabase, testDatabase } from '#db/testing/database.ts';
import { newId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import { AUDIT_SEPARATE_ROWS_MAX, TOPICS_PER_CONNECTION_MAX } from '../limits.ts';
import { createIssuer, startNode } from '../testing/harness.ts';
import { RawPeer } from '../testing/raw-peer.ts';
import { startTcpProxy } from '../testing/tcp-proxy.ts';
import { createAuditLog } from './audit-log.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase(['runtime']);
});

afterAll(() => database?.[Symbol.asyncDispose]());

const entry = { connectionId: 'conn_1', reason: 'r', userId: 'user_1', topic: '' };

test('denials and failures survive an outage, each as its own row (invariant 1)', async () => {
  const real = new URL(database.khalaUrl);
  const line = await startTcpProxy({ host: real.hostname, port: Number(real.port) });
  const url = new URL(real);
  url.port = String(line.port);
  const sql = connect({
    ...{ url: url.href, max: 1, applicationName: 'oa-test-audit' },
  });
  let faults = 0;
  const audit = createAuditLog({ sql, nodeId: 'outage', onFault: () => (faults += 1) });
  line.down();
  for (let denial = 0; denial < 300; denial += 1) {
    audit.record({ ...entry, decision: denial % 2 ? 'deny' : 'auth_failure' });
  }
  await expect.poll(() => faults).toBeGreaterThan(0);
  line.restore();
  const stored = async () => {
    const [row] = await database.owner<{ rows: bigint }[]>`
      select count(*) as rows from khala.audit where node_id = 'outage'`;
    return Number(row?.rows);
  };
  await expect.poll(stored, { timeout: 10_000 }).toBe(300);
  await audit.close();
  expect(await stored()).toBe(300);
  await sql.end();
  await line.close();
});

test('allows beyond the bound are counted together, and none is forgotten (invariant 2)', async () => {
  const audit = createAuditLog({ sql: database.khala, nodeId: 'flood', onFault: () => undefined });
  const allows = AUDIT_SEPARATE_ROWS_MAX + 5_000;
  for (let allow = 0; allow < allows; allow += 1) audit.record({ ...entry, decision: 'allow' });
  await audit.close();
  const [row] = await database.owner<{ rows: bigint; allows: bigint }[]>`
    select count(*) as rows, sum(occurrences) as allows from khala.audit where node_id = 'flood'`;
  expect(Number(row?.allows)).toBe(allows);
  expect(Number(row?.rows)).toBe(AUDIT_SEPARATE_ROWS_MAX);
});

const APPEND_ONLY = [
  "update khala.audit set reason = 'nothing happened'",
  'delete from khala.audit',
  'truncate khala.audit',
  'drop table khala.audit',
  'alter table khala.audit disable trigger all',
];

test.each(APPEND_ONLY)('the role of the node may not: %s', async (statement) => {
  await database.khala`insert into khala.audit (node_id, decision) values ('kept', 'deny')`;
  await expect(database.khala.unsafe(statement)).rejects.toMatchObject({
    code: expect.stringMatching(/^42501$/),
  });
});

test.each(APPEND_ONLY.slice(0, 2))('and nobody else: %s', async (statement) => {
  await expect(database.owner.unsafe(statement)).rejects.toThrow();
});

test('a flood of denials and failures at a node is stored whole, a row each (invariant 1)', {
  timeout: 60_000,
}, async () => {
  const CLIENTS = 8;
  const FAILURES = 100;
  const issuer = await createIssuer();
  const node = await startNode(issuer, database.khalaUrl, { nodeId: 'stormy' });
  const device = await issuer.newDevice();
  const token = () => issuer.token(device, { topics: [] });
  const asked: string[] = [];
  const flood = async () => {
    const peer = new RawPeer(node.url);
    await peer.admitted(device, await token());
    for (let frame = 0; frame < 3; frame += 1) {
      const foreign = Array.from({ length: TOPICS_PER_CONNECTION_MAX }, () =>
        topics.runEvents(newId('run')),
      );
      asked.push(...foreign);
      peer.subscribe(foreign);
    }
    for (let denial = 0; denial < 3 * TOPICS_PER_CONNECTION_MAX; denial += 1) {
      await peer.next('error');
    }
    peer.close();
  };
  const fail = async () => {
    const peer = new RawPeer(node.url);
    await peer.hello(device, await token(), { proof: '' });
    await peer.closed;
  };
  await Promise.all([
    ...Array.from({ length: CLIENTS }, flood),
    ...Array.from({ length: FAILURES }, fail),
  ]);
  await node.stop();

  const [denied] = await database.owner<{ rows: bigint; told: string[] }[]>`
    select count(*) as rows, array_agg(topic) as told from khala.audit
    where node_id = 'stormy' and decision = 'deny' and reason = 'not_granted' and occurrences = 1
      and user_id = ${device.userId}`;
  expect(Number(denied?.rows)).toBe(asked.length);
  expect(new Set(denied?.told)).toEqual(new Set(asked));
  const [failed] = await database.owner<{ rows: bigint }[]>`
    select count(*) as rows from khala.audit
    where node_id = 'stormy' and decision = 'auth_failure' and reason = 'invalid_proof'`;
  expect(Number(failed?.rows)).toBe(FAILURES);
});
