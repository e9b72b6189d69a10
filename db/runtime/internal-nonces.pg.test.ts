import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { createNonceStore } from './internal-nonces.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase(['runtime']);
});
afterAll(() => database?.[Symbol.asyncDispose]());

test('of many replicas that see one nonce exactly one may use it', async () => {
  const replicas = [createNonceStore(database.runtime), createNonceStore(database.owner)];
  const soon = new Date(Date.now() + 60_000);
  const claims = await Promise.all(
    Array.from({ length: 8 }, (_, index) => replicas[index % 2]?.claim('once', soon)),
  );
  expect(claims.filter(Boolean)).toHaveLength(1);
});

test('an expired nonce is forgotten, a living one is not', async () => {
  const nonces = createNonceStore(database.runtime);
  await nonces.claim('old', new Date(Date.now() - 1));
  await nonces.claim('young', new Date(Date.now() + 60_000));
  expect(await nonces.sweep()).toBe(1);
  expect(await nonces.claim('young', new Date())).toBe(false);
});
