import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { BINARY_OPCODE, TEXT_OPCODE, webSocketFrame } from './web-socket-frame.ts';

const server = createServer();
const sockets = new WebSocketServer({ noServer: true });
let write: (frame: Buffer) => void;
let client: WebSocket;

beforeAll(async () => {
  server.on('upgrade', (request, socket, head) => {
    write = (frame) => socket.write(frame);
    sockets.handleUpgrade(request, socket, head, () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await once(client, 'open');
});

afterAll(() => {
  client.terminate();
  server.close();
});

// Both sides of each limit at which the header grows.
test.each([0, 1, 125, 126, 127, 65_535, 65_536, 300_000])(
  'a payload of %i bytes arrives whole at a peer of the standard',
  async (length) => {
    const payload = Buffer.alloc(length, 0xa5);
    const arrived = once(client, 'message');
    write(webSocketFrame(BINARY_OPCODE, payload));
    const [data, isBinary] = await arrived;
    expect(isBinary).toBe(true);
    expect(payload.equals(data)).toBe(true);
  },
);

test('frames that were joined in one write arrive one by one', async () => {
  const arrived: string[] = [];
  client.on('message', (data, isBinary) => {
    if (!isBinary) arrived.push(data.toString());
  });
  const frames = ['a', 'bc', 'd'.repeat(200)].map((text) =>
    webSocketFrame(TEXT_OPCODE, Buffer.from(text)),
  );
  write(Buffer.concat(frames));
  await expect.poll(() => arrived).toEqual(['a', 'bc', 'd'.repeat(200)]);
});
