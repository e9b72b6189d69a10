/** The naive form: whoever is connected gets each frame by `ws.send`. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
const listening = once(server, 'listening');

process.on(
  'message',
  async ({ id, request }: { id: number; request: { frames: Uint8Array[] } }) => {
    await listening;
    for (const frame of request.frames) {
      for (const socket of server.clients) {
        if (socket.readyState === WebSocket.OPEN) socket.send(frame);
      }
    }
    process.send?.({ id, value: (server.address() as AddressInfo).port });
  },
);
process.on('disconnect', () => process.exit(0));
