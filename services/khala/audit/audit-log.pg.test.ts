import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '#db/connect.ts';
import { type TestDatabase, testDatabase } from '#db/testing/database.ts';
import { AUDIT_SEPARATE_ROWS_MAX } from '../limits.ts';
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
