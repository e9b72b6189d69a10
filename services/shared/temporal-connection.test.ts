import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openTemporalConnection } from './temporal-connection.ts';

test('a connection that is closed in the middle of its retries throws nowhere', async () => {
  const uncaught: unknown[] = [];
  const note = (error: unknown) => uncaught.push(error);
  process.on('uncaughtException', note);
  // Nobody listens there: each call is refused at once and tried again.
  const { connection, close } = openTemporalConnection('127.0.0.1:1');
  const calls = Array.from({ length: 20 }, () =>
    connection.workflowService.getSystemInfo({}).catch((error: Error) => error.message),
  );
  await delay(30);
  await close();
  await delay(600);
  process.off('uncaughtException', note);
  expect(uncaught).toEqual([]);
  expect(await Promise.all(calls)).toHaveLength(20);
});
