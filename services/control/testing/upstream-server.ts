import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JSONWebKeySet } from 'jose';
import {
  bodySha256,
  createAssertionVerifier,
  INTERNAL_ASSERTION_HEADER,
  type InternalCaller,
} from '../../shared/internal-assertion.ts';

/** A request as it arrived at the runtime's address, and who the assertion says it is from. */
export interface ArrivedRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly caller: InternalCaller;
}

export type Responder = (request: ArrivedRequest, response: ServerResponse) => void;

export interface UpstreamServer {
  readonly url: string;
  readonly requests: ArrivedRequest[];
  /** How `/v1/*` answers. */
  respond: Responder;
  /** Topics that are nobody's but this user's; the rest is refused. */
  readonly owned: Map<string, string>;
  /** True: `/internal/*` answers 500. */
  broken: boolean;
  readonly revoked: string[];
  close(): Promise<void>;
}

/** Stands where the runtime stands: over HTTP, judging every assertion as the runtime does, by control's clock, answering as told. */
export async function startUpstreamServer(
  trusted: JSONWebKeySet,
  now: () => Date,
): Promise<UpstreamServer> {
  const verifyAssertion = createAssertionVerifier({
    audience: 'runtime',
    trusted,
    nonces: seenOnce(),
    gateways: ['control'],
    now: () => now().getTime(),
  });
  const server = createServer((request, response) => {
    serve(request, response).catch((error) => {
      response.writeHead(401, { 'content-type': 'text/plain' }).end(String(error));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: target = '', headers } = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const assertion = String(headers[INTERNAL_ASSERTION_HEADER] ?? '');
    const call = { method, target, bodySha256: bodySha256(body) };
    const caller = await verifyAssertion(assertion, call);
    const arrived = { method, target, headers, body: body.toString(), caller };
    upstream.requests.push(arrived);
    if (target.startsWith('/internal/')) answerInternal(arrived, response);
    else upstream.respond(arrived, response);
  }

  function answerInternal({ target, body }: ArrivedRequest, response: ServerResponse): void {
    if (upstream.broken) {
      json(response, { code: 'internal_error' }, 500);
      return;
    }
    const asked = JSON.parse(body);
    if (target === '/internal/v1/sync/sessions/revoke') {
      upstream.revoked.push(...asked.session_ids);
      json(response, { data: { revoked: asked.session_ids.length } });
      return;
    }
    const topics = asked.topics.map((topic: string) => ({
      topic,
      allowed:
        upstream.owned.get(topic) === asked.user_id || topic.startsWith(`user:${asked.user_id}:`),
      required_scope: '',
      reason: '',
    }));
    json(response, { data: { topics } });
  }

  const { port } = server.address() as AddressInfo;
  const upstream: UpstreamServer = {
    url: `http://127.0.0.1:${port}`,
    requests: [],
    owned: new Map(),
    revoked: [],
    broken: false,
    respond: (_, response) => json(response, { data: {} }),
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return upstream;
}

export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function seenOnce() {
  const seen = new Set<string>();
  return {
    async claim(jti: string) {
      return seen.size < seen.add(jti).size;
    },
  };
}
