import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { startTcpProxy, type TcpProxy } from '#services/khala/testing/tcp-proxy.ts';
import type { StackProcess } from '../testing/stack-process.ts';

/** The network between one surface and a stack. */
export interface Line {
  /** Where the surface finds control, which tells it where the others are, on this line. */
  controlUrl: string;
  /** Every connection breaks and none is taken until `restore`. */
  down(): void;
  restore(): void;
  /** From now on control hears the build of a client that is too old. */
  outdate(): void;
  close(): Promise<void>;
}

/** Before every window that is served. */
const OLD_BUILD = '20200101T000000Z';
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'host',
]);

export async function openLine(stack: StackProcess): Promise<Line> {
  const addresses = stack.state().addresses;
  const proxyOf = (service: 'runtime' | 'khala') => {
    const { hostname, port } = new URL(addresses[service] ?? '');
    return startTcpProxy({ host: hostname, port: Number(port) });
  };
  const proxies = { runtime: await proxyOf('runtime'), khala: await proxyOf('khala') };
  let isDown = false;
  let isOld = false;
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    forward(request, response).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    if (isDown) return socket.resetAndDestroy();
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers)) {
      if (typeof value === 'string' && !HOP_BY_HOP.has(name)) headers.set(name, value);
    }
    if (isOld) headers.set('x-oa-client-build-id', OLD_BUILD);
    const answer = await fetch(`${addresses['control']}${request.url}`, {
      method: request.method ?? 'GET',
      headers,
      ...(body.length > 0 ? { body: new Uint8Array(body) } : {}),
    });
    const answered: Record<string, string> = {};
    for (const [name, value] of answer.headers) {
      if (!HOP_BY_HOP.has(name) && name !== 'content-encoding') answered[name] = value;
    }
    const text = Buffer.from(await answer.arrayBuffer());
    response.writeHead(answer.status, answered);
    response.end(request.url === '/api/compatibility' ? onThisLine(text, proxies, isOld) : text);
  }

  return {
    controlUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    down() {
      isDown = true;
      for (const socket of sockets) socket.resetAndDestroy();
      for (const proxy of Object.values(proxies)) proxy.down();
    },
    restore() {
      isDown = false;
      for (const proxy of Object.values(proxies)) proxy.restore();
    },
    outdate() {
      isOld = true;
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all(Object.values(proxies).map((proxy) => proxy.close()));
    },
  };
}

/** An old client goes through control's gateway, where its build is heard. */
function onThisLine(
  text: Buffer,
  { runtime, khala }: { runtime: TcpProxy; khala: TcpProxy },
  isOld: boolean,
): string {
  const answer = JSON.parse(text.toString('utf8')) as { data: { endpoints?: object } };
  if (answer.data?.endpoints) {
    answer.data.endpoints = {
      runtime_url: isOld ? '' : `http://127.0.0.1:${runtime.port}`,
      khala_url: `ws://127.0.0.1:${khala.port}/v1/sync`,
    };
  }
  return JSON.stringify(answer);
}
