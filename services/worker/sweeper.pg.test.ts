import { Client, Connection } from '@temporalio/client';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { connect } from '#db/connect.ts';
import { insertWorker } from '#db/runtime/workers.ts';
import { testDatabase } from '#db/testing/database.ts';
import { transaction } from '#db/transaction.ts';
import { newId } from '#proto/ids.ts';
import { createSweeper } from './sweeper.ts';

test('the journal keeps partitions a week ahead, whoever lets days pass', async () => {
  await using database = await testDatabase(['runtime']);
  const owner = postgres(database.ownerUrl, { onnotice: () => {} });
  const sql = connect({ url: database.runtimeUrl, applicationName: 'sweeper-test' });
  const partitions = async () => {
    const [row] = await owner`select count(*)::int4 as number from pg_class
      where relname ~ '^sync_events_.*_[0-9]{8}$' and relkind = 'r'`;
    return row?.['number'];
  };
  const complete = await partitions();
  const [last] = await owner`select relname from pg_class
    where relname ~ '^sync_events_.*_[0-9]{8}$' and relkind = 'r' order by right(relname, 8) desc limit 1`;
  await owner`drop table runtime.${owner(last?.['relname'])}`;
  expect(await partitions()).toBe(complete - 1);

  let nowMs = Date.now();
  const sweeper = createSweeper({
    sql,
    journal: { publishIn: () => Promise.reject(new Error('nothing is to be published')) },
    client: new Client({ connection: Connection.lazy({ address: '127.0.0.1:1' }) }),
    now: () => nowMs,
    count: () => {},
  });
  await sweeper.sweep();
  expect(await partitions()).toBe(complete);

  await owner`drop table runtime.${owner(last?.['relname'])}`;
  nowMs += 6 * 60 * 60 * 1_000;
  await sweeper.sweep();
  expect(await partitions()).toBe(complete);
  await sql.end();
  await owner.end();
});

test('the next look comes when a lease ends, not only after the interval', async () => {
  await using database = await testDatabase(['runtime']);
  const sql = connect({ url: database.runtimeUrl, applicationName: 'sweeper-test' });
  const sweeper = createSweeper({
    sql,
    journal: { publishIn: () => Promise.reject(new Error('nothing is to be published')) },
    client: new Client({ connection: Connection.lazy({ address: '127.0.0.1:1' }) }),
    now: Date.now,
    count: () => {},
  });
  expect(await sweeper.sweep()).toBeUndefined();
  for (const lease_ms of [60_000, 30_000]) {
    await transaction(sql, (tx) =>
      insertWorker(tx, {
        ...{ worker_id: newId('worker'), user_id: newId('user'), org_id: null, lease_ms },
        ...{ workspace_ref: '', codex_home_ref: '', adapter: 'command', labels: {}, metadata: {} },
        shared_with_org: false,
      }),
    );
  }
  const leaseEndsInMs = await sweeper.sweep();
  expect(leaseEndsInMs).toBeGreaterThan(20_000);
  expect(leaseEndsInMs).toBeLessThanOrEqual(30_000);
  await sql.end();
});
