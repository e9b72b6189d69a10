/** The door: which HTTP upgrade becomes a session, and which is refused with what. */
import { randomBytes } from 'node:crypto';
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { AddressLimits } from './admission/address-limits.ts';
import type { ClientAddressOf } from './admission/client-address.ts';
import type { OriginPolicy } from './authentication/origin.ts';
import {
  CLIENT_FRAME_BYTES_MAX,
  CONNECTIONS_MAX,
  HANDSHAKES_MAX,
  OVERLOADED_RETRY_MS,
} from './limits.ts';
import { Session } from './session/session.ts';
import { SessionFault } from './session/session-fault.ts';
import type { SessionNode } from './session/session-node.ts';
import { WIRE_FORMATS } from './wire/message-frame.ts';

export const SYNC_PATH = '/v1/sync';

export interface Gate {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** From now on nobody is let in. */
  close(): void;
}

export function createGate(deps: {
  node: SessionNode;
  sessions: Map<string, Session>;
  originAllowed: OriginPolicy;
  clientAddressOf: ClientAddressOf;
  addressLimits: AddressLimits;
}): Gate {
  const { node, sessions, originAllowed, clientAddressOf, addressLimits } = deps;
  let closed = false;
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // Frames are made once for many sockets, which compression with a context per socket would undo.
    perMessageDeflate: false,
    maxPayload: CLIENT_FRAME_BYTES_MAX,
    autoPong: false,
    handleProtocols: (offered) => [...offered].find((name) => WIRE_FORMATS.has(name)) ?? false,
  });

  function admissionFault(request: IncomingMessage, address?: string): SessionFault | undefined {
    if (!originAllowed(request.headers.origin)) {
      return new SessionFault('forbidden_origin', 'origin_not_allowed');
    }
    const overloaded = (reason: string) =>
      new SessionFault('overloaded', reason, { retryAfterMs: OVERLOADED_RETRY_MS });
    if (sessions.size >= CONNECTIONS_MAX) return overloaded('too_many_connections');
    if (node.audit.full) return overloaded('audit_unavailable');
    const unknown = node.revocations.unknownFault();
    if (unknown) return unknown;
    const excess = addressLimits.excessOf(address);
    if (excess) return overloaded(excess);
    let handshakes = 0;
    for (const { admitted } of sessions.values()) handshakes += admitted ? 0 : 1;
    return handshakes >= HANDSHAKES_MAX ? overloaded('too_many_handshakes') : undefined;
  }

  return {
    upgrade(request, socket, head) {
      socket.on('error', destroy);
      // A request line may hold anything, and what throws here ends the process.
      if (URL.parse(request.url ?? '/', 'http://node')?.pathname !== SYNC_PATH)
        return refuse(socket, 404);
      if (closed) return refuse(socket, 503);
      const address = clientAddressOf(request);
      const knock = addressLimits.knock(address);
      if (!knock.ok) {
        // Not worth a socket, nor a row of the audit: nobody has said yet who they are.
        node.metrics.khala_connects_total.record(1, { outcome: 'too_many_connects' });
        return refuse(socket, 429, knock.retryAfterMs);
      }
      server.handleUpgrade(request, socket, head, (webSocket) => {
        const format = WIRE_FORMATS.get(webSocket.protocol);
        if (!format) return webSocket.close(1002, 'khala.v1 or khala.v1+json');
        const id = `conn_${randomBytes(12).toString('base64url')}`;
        const session = new Session(id, node, webSocket, socket, format);
        const fault = admissionFault(request, address);
        sessions.set(id, session);
        addressLimits.opened(id, address);
        if (fault) session.refuse(fault);
      });
    },
    close() {
      closed = true;
    },
  };
}

/** Apart from where the request is known: a listener there would keep it for as long as the socket lives. */
function destroy(this: Duplex): void {
  this.destroy();
}

function refuse(socket: Duplex, status: number, retryAfterMs = 0): void {
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Length: 0',
  ];
  if (retryAfterMs > 0) head.push(`Retry-After: ${Math.ceil(retryAfterMs / 1_000)}`);
  socket.end(`${head.join('\r\n')}\r\n\r\n`);
}
