/** Readers of what has no protocol: the same frames from a `ws.send` loop, or from `send(2)`. */
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { monotonicUs } from '../monotonic.ts';
import { Positions } from './positions.ts';
import type { Ending, Opening, Seat } from './requests.ts';
import { scanUpdates } from './scan-updates.ts';
import type { SeatedSocket } from './seated-socket.ts';

export function openWebSocket(opening: Opening, seat: Seat): SeatedSocket {
  const seated = seatedBy(opening, seat);
  const socket = new WebSocket(opening.url, { perMessageDeflate: false });
  socket.on('open', () => seated.onReady(0));
  socket.on('message', (frame: Buffer) => seated.record(frame));
  socket.on('error', seated.onFailed);
  socket.on('close', (code) => seated.onClosed(code));
  return {
    ...seated.socket,
    close: () => socket.terminate(),
    get open() {
      return socket.readyState === WebSocket.OPEN;
    },
  };
}

export function openTcpSocket(opening: Opening, seat: Seat): SeatedSocket {
  const seated = seatedBy(opening, seat);
  const { hostname, port } = new URL(opening.url);
  const socket = connect(Number(port), hostname, () => seated.onReady(0));
  let held: Buffer = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    for (;;) {
      const frame = firstFrame(held);
      if (!frame) return;
      seated.record(held.subarray(frame.from, frame.to));
      held = held.subarray(frame.to);
    }
  });
  socket.on('error', seated.onFailed);
  socket.on('close', () => seated.onClosed(0));
  return {
    ...seated.socket,
    close: () => socket.destroy(),
    get open() {
      return socket.readyState === 'open';
    },
  };
}

const LENGTH_IN_16_BITS = 126;

/** Of unmasked frames below 64 KiB (RFC 6455, 5.2): the bench sends no others this way. */
function firstFrame(bytes: Buffer): { from: number; to: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1);
  if (short < LENGTH_IN_16_BITS) {
    return bytes.length < 2 + short ? undefined : { from: 2, to: 2 + short };
  }
  if (bytes.length < 4) return undefined;
  const to = 4 + bytes.readUInt16BE(2);
  return bytes.length < to ? undefined : { from: 4, to };
}

function seatedBy({ timed = false }: Opening, { topics }: Seat) {
  const positions = new Positions(timed);
  for (const { topic, afterSeq } of topics) positions.begin(topic, afterSeq);
  const { promise: ready, resolve: onReady, reject: onFailed } = Promise.withResolvers<number>();
  const { promise: ended, resolve: onEnded } = Promise.withResolvers<Ending>();
  ready.catch(() => undefined);
  return {
    onReady,
    onFailed,
    record(frame: Buffer) {
      const updates = scanUpdates(frame);
      if (updates) positions.record(updates);
    },
    onClosed(code: number) {
      onFailed(new Error(`closed with ${code}`));
      const { events } = positions;
      onEnded({ closedAtUs: monotonicUs(), code, framesAfterError: 0, events });
    },
    socket: { positions, ready, ended },
  };
}
