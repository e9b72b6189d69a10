import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ErrorCode, problemStatus } from '#proto/errors.ts';
import { messageOf } from '#proto/read.ts';

export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

export type Reply = (response: ServerResponse, request: SeenRequest) => void;

/** A server on a socket of its own that answers as each test scripts it: one reply per request, the last one for all. */
export async function serve(...replies: Reply[]) {
  const seen: SeenRequest[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method = '', url: path = '', headers } = request;
    const taken = { method, path, headers, body };
    seen.push(taken);
    const reply = replies[Math.min(seen.length, replies.length) - 1];
    reply?.(response, taken);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export function data(value: unknown, status = 200): Reply {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ data: value }));
  };
}

/** A problem document as our services write it. */
export function problem(
  code: ErrorCode,
  more: { detail?: string; retry_after_ms?: string } = {},
): Reply {
  const { status, title, retryable } = problemStatus(code);
  const document = messageOf('openagents.errors.v1.Problem', {
    code,
    status,
    title,
    retryable,
    ...more,
  });
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify(document));
  };
}

/** The connection breaks before anything is answered. */
export const hangUp: Reply = (response) => void response.destroy();
