import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { answeredHeaders, forwardedHeaders } from './headers.ts';
import { createUpstream, type Upstream, UpstreamError } from './upstream.ts';

const closers: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function upstreamOf(
  listener: RequestListener,
): Promise<{ upstream: Upstream; server: Server }> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const upstream = createUpstream(`http://127.0.0.1:${port}`, 1_000);
  closers.push(
    () => upstream.close(),
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return { upstream, server };
}

function request(method: string, body: Uint8Array | null = null) {
  return { method, target: '/x', headers: {}, body, signal: new AbortController().signal };
}

async function textOf(answer: { body: ReadableStream<Uint8Array> }): Promise<string> {
  return new Response(answer.body).text();
}

/** Answers the first request of each connection and breaks off at the second, as a server that just closed does. */
function closesUnderTheSecond(served: string[]): RequestListener {
  const seen = new WeakSet<object>();
  return (incoming, response) => {
    if (seen.has(incoming.socket)) {
      incoming.socket.destroy();
      return;
    }
    seen.add(incoming.socket);
    served.push(`${incoming.method}`);
    response.end('ok');
  };
}

test('a read that met a connection just closed is sent once more', async () => {
  const served: string[] = [];
  const { upstream } = await upstreamOf(closesUnderTheSecond(served));
  await textOf(await upstream.send(request('GET')));
  expect(await textOf(await upstream.send(request('GET')))).toBe('ok');
  expect(served).toEqual(['GET', 'GET']);
});

test('a mutation is never sent twice', async () => {
  const served: string[] = [];
  const { upstream } = await upstreamOf(closesUnderTheSecond(served));
  await textOf(await upstream.send(request('GET')));
  const second = upstream.send(request('POST', Buffer.from('{}')));
  await expect(second).rejects.toBeInstanceOf(UpstreamError);
  expect(served).toEqual(['GET']);
});

test('a caller whose body breaks off gets their own fault, and the upstream no complete request', async () => {
  let completed = false;
  const { upstream } = await upstreamOf(async (incoming, response) => {
    for await (const _ of incoming);
    completed = true;
    response.end();
  });
  async function* broken() {
    yield Buffer.from('half');
    throw new RangeError('the caller broke off');
  }
  const sent = upstream.send({ ...request('PUT'), body: broken() });
  await expect(sent).rejects.toThrow('the caller broke off');
  expect(completed).toBe(false);
});

test('an upstream that refuses before it has read everything is heard', async () => {
  const { upstream } = await upstreamOf((_, response) => {
    response.writeHead(413, { connection: 'close' }).end('too much');
  });
  async function* endless() {
    for (let index = 0; index < 200; index += 1) yield Buffer.alloc(65_536);
  }
  const answer = await upstream.send({ ...request('PUT'), body: endless() });
  expect(answer.status).toBe(413);
  expect(await textOf(answer)).toBe('too much');
});

test('only what the runtime needs to know is forwarded', () => {
  const headers = new Headers({ accept: '*/*', cookie: 'a=b', connection: 'x', 'if-match': '"1"' });
  expect(forwardedHeaders(headers)).toEqual({ accept: '*/*', 'if-match': '"1"' });
});

test('a header that Connection names belongs to the hop, whatever its case', () => {
  const answered = answeredHeaders(['Connection', 'X-Hop, close', 'x-hop', '1', 'ETag', '"1"']);
  expect([...answered]).toEqual([['etag', '"1"']]);
});
