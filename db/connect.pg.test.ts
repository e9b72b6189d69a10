import { expect, inject, test } from 'vitest';
import { startTcpProxy } from '#services/khala/testing/tcp-proxy.ts';
import { connect } from './connect.ts';

const SILENCE_MS_MAX = 300;

test('a query on a line that fell silent is given up, and the next one has a line of its own', async () => {
  const url = new URL(inject('postgresUrl'));
  const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
  url.port = String(proxy.port);
  const sql = connect({
    ...{ url: url.href, max: 1, applicationName: 'oa-silence-test' },
    silenceMsMax: SILENCE_MS_MAX,
  });
  try {
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    expect(proxy.silence()).toBe(1);
    await expect(sql`select 2 as two`).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    expect(await sql`select 3 as three`).toEqual([{ three: 3 }]);
    expect(proxy.accepted).toBe(2);
  } finally {
    await sql.end({ timeout: 1 });
    await proxy.close();
  }
});

test('an idle connection is given up without anyone noticing', async () => {
  const sql = connect({
    ...{ url: inject('postgresUrl'), max: 1, applicationName: 'oa-silence-test' },
    silenceMsMax: SILENCE_MS_MAX,
  });
  const backend = async () => (await sql`select pg_backend_pid() as pid`)[0]?.['pid'];
  const first = await backend();
  await new Promise((resolve) => setTimeout(resolve, 2 * SILENCE_MS_MAX));
  expect(await backend()).not.toBe(first);
  await sql.end({ timeout: 1 });
});
