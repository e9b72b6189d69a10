import { expect, test, vi } from 'vitest';
import { createRpc, RpcClosedError, RpcError, unknownMethod } from './rpc.ts';

function peer(onRequest = vi.fn(async (method: string) => unknownMethod(method))) {
  const written: Record<string, unknown>[] = [];
  const notified: [string, unknown][] = [];
  const rpc = createRpc({
    write: (line) => void written.push(JSON.parse(line)),
    onNotification: (method, params) => void notified.push([method, params]),
    onRequest,
  });
  const hear = (...messages: object[]) =>
    rpc.take(Buffer.from(messages.map((message) => `${JSON.stringify(message)}\n`).join('')));
  return { rpc, written, notified, hear };
}

const SOON_MS = 1_000;

test('answers reach the calls they belong to, in any order', async () => {
  const { rpc, hear } = peer();
  const calls = [rpc.call('a', {}, SOON_MS), rpc.call('b', {}, SOON_MS)];
  hear({ id: 2, result: 'second' }, { id: 1, result: 'first' });
  expect(await Promise.all(calls)).toEqual(['first', 'second']);
});

test('a message may be cut anywhere, also within a character', async () => {
  const { rpc, notified } = peer();
  for (const byte of Buffer.from('{"method":"said","params":{"text":"å€😀"}}\n')) {
    rpc.take(Uint8Array.of(byte));
  }
  expect(notified).toEqual([['said', { text: 'å€😀' }]]);
});

test('a refusal is an error that names the method', async () => {
  const { rpc, hear } = peer();
  const call = rpc.call('turn/steer', {}, SOON_MS);
  hear({ id: 1, error: { code: -32600, message: 'no active turn to steer' } });
  await expect(call).rejects.toThrow('turn/steer: no active turn to steer');
  await expect(call).rejects.toBeInstanceOf(RpcError);
});

test('an unknown request is answered with an error, never ignored', async () => {
  const { written, hear } = peer();
  hear({ id: 'x', method: 'attestation/generate', params: {} });
  await expect.poll(() => written).toMatchObject([{ id: 'x', error: { code: -32601 } }]);
});

test('a request that breaks its handler is answered with an error', async () => {
  const { written, hear } = peer(
    vi.fn(async () => {
      throw new Error('in another form');
    }),
  );
  hear({ id: 0, method: 'item/fileChange/requestApproval', params: 17 });
  await expect
    .poll(() => written)
    .toMatchObject([{ id: 0, error: { code: -32602, message: 'in another form' } }]);
});

test.each(['not json\n', '[1]\n', '{"error":7}\n'])('%j ends the conversation', async (garbage) => {
  const { rpc } = peer();
  const call = rpc.call('a', {}, SOON_MS);
  rpc.take(Buffer.from(garbage));
  await expect(call).rejects.toBeInstanceOf(RpcClosedError);
  await expect(rpc.call('b', {}, SOON_MS)).rejects.toBeInstanceOf(RpcClosedError);
});

test('a call that nobody answers ends', async () => {
  const { rpc } = peer();
  await expect(rpc.call('a', {}, 10)).rejects.toThrow('was not answered within 10 ms');
});
