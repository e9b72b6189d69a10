import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startTestRuntime, type TestPerson, type TestRuntime } from '../testing/runtime-process.ts';

let runtime: TestRuntime;
let alice: TestPerson;

beforeAll(async () => {
  runtime = await startTestRuntime();
});
afterAll(() => runtime?.[Symbol.asyncDispose]());
beforeEach(async () => {
  alice = await runtime.person();
});

test('messages stand in the order they were posted, and a repeated post is one message', async () => {
  const thread_id = await open();
  await post(thread_id, 'one');
  const twice = { json: { text: 'two' }, key: 'two' };
  const first = await alice.ask(`/v1/threads/${thread_id}/messages`, twice);
  const again = await alice.ask(`/v1/threads/${thread_id}/messages`, twice);
  expect([first.status, again.text]).toEqual([202, first.text]);
  expect(first.json.data).toMatchObject({ run_id: '', thread: { message_count: 2 } });
  const page = await alice.ask(`/v1/threads/${thread_id}/messages?limit=1`);
  expect(page.json.data.messages).toMatchObject([{ text: 'one', role: 'user' }]);
  const next = await alice.ask(
    `/v1/threads/${thread_id}/messages?cursor=${page.json.data.next_cursor}`,
  );
  expect(next.json.data).toMatchObject({ messages: [{ text: 'two' }], next_cursor: '' });
});

test('threads are listed by their last message', async () => {
  const [quiet, busy] = [await open(), await open()];
  await post(quiet, 'x');
  await post(busy, 'x');
  await post(quiet, 'y');
  const first = await alice.ask('/v1/threads?limit=1');
  expect(first.json.data.threads).toMatchObject([{ thread_id: quiet }]);
  const second = await alice.ask(`/v1/threads?cursor=${first.json.data.next_cursor}`);
  expect(second.json.data.threads).toMatchObject([{ thread_id: busy }]);
});

test('two posts at once both find their place', async () => {
  const thread_id = await open();
  const posted = await Promise.all(['a', 'b', 'c', 'd'].map((text) => post(thread_id, text)));
  expect(posted.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
  const { messages } = (await alice.ask(`/v1/threads/${thread_id}/messages`)).json.data;
  expect(messages.map(({ text }: { text: string }) => text).sort()).toEqual(['a', 'b', 'c', 'd']);
});

test('a flood of messages is slowed down', async () => {
  const thread_id = await open();
  for (let count = 0; count < 60; count += 1) await post(thread_id, 'again');
  const refused = await post(thread_id, 'and again');
  expect([refused.status, refused.json.code]).toEqual([429, 'rate_limited']);
});

test('a secret in a message is not kept', async () => {
  const thread_id = await open();
  const posted = await post(thread_id, `use sk-${'a'.repeat(40)} for it`);
  expect(posted.json.data.message.text).toBe('use [redacted:api_key] for it');
  const { messages } = (await alice.ask(`/v1/threads/${thread_id}/messages`)).json.data;
  expect(messages).toMatchObject([{ text: 'use [redacted:api_key] for it' }]);
});

async function open(): Promise<string> {
  return (await alice.ask('/v1/threads', { json: {} })).json.data.thread.thread_id;
}

function post(thread_id: string, text: string) {
  return alice.ask(`/v1/threads/${thread_id}/messages`, { json: { text } });
}
