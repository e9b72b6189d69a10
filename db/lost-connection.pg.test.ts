import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTcpProxy } from '#services/khala/testing/tcp-proxy.ts';
import { connect } from './connect.ts';
import { type TestDatabase, testDatabase } from './testing/database.ts';
import { type Tx, transaction } from './transaction.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase(['runtime']);
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
});

const CUTS: [string, (tx: Tx) => Promise<unknown>][] = [
  ['in a statement', (tx) => tx`select pg_sleep(2)`],
  [
    'between two statements',
    async (tx) => {
      await delay(300);
      return tx`select 1`;
    },
  ],
  ['before its commit', () => delay(300)],
  [
    'before it throws',
    async () => {
      await delay(300);
      throw new Error('something else');
    },
  ],
];

// What is uncaught fails the run by itself.
test.each(CUTS)(
  'a transaction whose connection is cut %s fails, and the process and the pool live on',
  async (_, work) => {
    const url = new URL(database.runtimeUrl);
    const line = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
    url.port = String(line.port);
    const sql = connect({ url: url.href, max: 1, applicationName: 'oa-test-cut' });
    let cuts = 0;
    const outcome = transaction(sql, async (tx) => {
      await tx`select 1`;
      setTimeout(() => {
        cuts += line.cut();
      }, 50);
      return work(tx);
    });
    await expect(outcome).rejects.toThrow();
    expect(cuts).toBe(1);
    await delay(400);
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    await sql.end({ timeout: 1 });
    await line.close();
  },
);
