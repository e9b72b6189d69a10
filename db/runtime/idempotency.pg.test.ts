import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '#proto/ids.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { type CommandKey, type CommandStore, createCommandStore } from './idempotency.ts';

const ANSWER = {
  status: 201,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from('{"a":1}'),
};

let database: TestDatabase;
let store: CommandStore;
let key: CommandKey;

beforeAll(async () => {
  database = await testDatabase(['runtime']);
  store = createCommandStore(database.runtime);
});
afterAll(() => database?.[Symbol.asyncDispose]());

test('of many who come at once exactly one holds the key', async () => {
  key = freshKey();
  const claims = await Promise.all(
    Array.from({ length: 12 }, (_, index) => store.claim(key, 'same', `seed-${index}`)),
  );
  expect(claims.filter(({ state }) => state === 'claimed')).toHaveLength(1);
  expect(claims.filter(({ state }) => state === 'in_progress')).toHaveLength(11);
});

test('an answer is given again unchanged, and to no other body', async () => {
  key = freshKey();
  await store.claim(key, 'body', 'seed');
  await complete();
  expect(await store.claim(key, 'body', 'other')).toEqual({ state: 'answered', answer: ANSWER });
  expect(await store.claim(key, 'another body', 'other')).toEqual({ state: 'other_body' });
  await store.release(key);
  expect((await store.claim(key, 'body', 'other')).state).toBe('answered');
});

test('whoever takes over from a dead holder gets its seed', async () => {
  key = freshKey();
  await store.claim(key, 'body', 'first');
  await database.owner`
    update runtime.idempotency_keys set lease_until = now() - interval '1 s' where key = ${key.key}`;
  expect(await store.claim(key, 'body', 'second')).toEqual({ state: 'claimed', seed: 'first' });
  await store.release(key);
  expect(await store.claim(key, 'body', 'third')).toEqual({ state: 'claimed', seed: 'first' });
});

test('a key whose life is over is as new, and is swept', async () => {
  key = freshKey();
  await store.claim(key, 'body', 'first');
  await complete();
  await expire();
  expect(await store.claim(key, 'another body', 'second')).toEqual({
    state: 'claimed',
    seed: 'second',
  });
  await store.release(key);
  await expire();
  expect(await store.sweep()).toBe(1);
});

function freshKey(): CommandKey {
  return { principal: 'user:u', route: 'r', key: newId('req') };
}

function complete() {
  const context = {
    request_id: newId('req'),
    audit_id: newId('audit'),
    principal: key.principal,
    route: key.route,
    fingerprint: 'body',
    idempotency_key: key.key,
  };
  return store.complete(null, { context, positions: [], answer: ANSWER });
}

function expire() {
  return database.owner`
    update runtime.idempotency_keys set expires_at = now() - interval '1 s' where key = ${key.key}`;
}
