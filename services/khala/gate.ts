/** The door: which HTTP upgrade becomes a session, and which is refused with what. */
import { randomBytes } from 'node:crypto';
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
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
}): Gate {
  const { node, sessions, originAllowed } = deps;
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

  function admissionFault(request: IncomingMessage): SessionFault | undefined {
    if (!originAllowed(request.headers.origin)) {
      return new SessionFault('forbidden_origin', 'origin_not_allowed');
    }
    const overloaded = (reason: string) =>
      new SessionFault('overloaded', reason, { retryAfterMs: OVERLOADED_RETRY_MS });
    if (sessions.size >= CONNECTIONS_MAX) return overloaded('too_many_connections');
    if (node.audit.full) return overloaded('audit_unavailable');
    const unknown = node.revocations.unknownFault();
    if (unknown) return unknown;
    let handshakes = 0;
    for (const { admitted } of sessions.values()) handshakes += admitted ? 0 : 1;
    return handshakes >= HANDSHAKES_MAX ? overloaded('too_many_handshakes') : undefined;
  }

  return {
    upgrade(request, socket, head) {
      socket.on('error', () => socket.destroy());
      const { pathname } = new URL(request.url ?? '/', 'http://node');
      if (pathname !== SYNC_PATH) return refuse(socket, 404);
      if (closed) return refuse(socket, 503);
      server.handleUpgrade(request, socket, head, (webSocket) => {
        const format = WIRE_FORMATS.get(webSocket.protocol);
        if (!format) return webSocket.close(1002, 'khala.v1 or khala.v1+json');
        const id = `conn_${randomBytes(12).toString('base64url')}`;
        const session = new Session(id, node, webSocket, socket, format);
        const fault = admissionFault(request);
        sessions.set(id, session);
        if (fault) session.refuse(fault);
      });
    },
    close() {
      closed = true;
    },
  };
}

function refuse(socket: Duplex, status: number): void {
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  );
}
