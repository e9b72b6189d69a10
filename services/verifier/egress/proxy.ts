/**
 * The only way out of a sandbox: an HTTP proxy on a Unix socket, mounted into a room whose setup may have network. The
 * room keeps its own, empty network namespace; names are resolved here and the address that was checked is dialled.
 */

import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import {
  createServer,
  request as forward,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { connect, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Destination, decideEgress, isPublicAddress } from './policy.ts';

export interface EgressProxy {
  readonly socket: string;
  close(): Promise<void>;
}

/** A package manager opens dozens; a scan opens thousands. */
const CONNECTIONS_MAX = 256;

/** A connection without a byte for this long is given up. */
const IDLE_MS = 60_000;

const DIAL_MS = 10_000;

export class EgressRefusedError extends Error {
  override readonly name = 'EgressRefusedError';
}

export async function startEgressProxy(deps: {
  socket: string;
  hosts: readonly string[];
  onDecision?: (destination: Destination, refusedBecause: string | null) => void;
  resolve?: ResolveName;
}): Promise<EgressProxy> {
  const { socket, hosts, onDecision, resolve = resolveName } = deps;
  const tunnels = new Set<Duplex>();

  async function chooseAddress(destination: Destination): Promise<string> {
    const { host, port } = destination;
    const decision = decideEgress(hosts, destination);
    if (decision === 'refused') throw new EgressRefusedError(`${host}:${port} is not listed`);
    const addresses = isIP(host) ? [host] : await resolve(host);
    const address = decision === 'named' ? addresses[0] : addresses.find(isPublicAddress);
    if (!address) throw new EgressRefusedError(`${host} has no public address`);
    return address;
  }

  async function dial(destination: Destination): Promise<Socket> {
    try {
      const upstream = await connected(await chooseAddress(destination), destination.port);
      onDecision?.(destination, null);
      return upstream;
    } catch (error) {
      onDecision?.(destination, (error as Error).message);
      throw error;
    }
  }

  async function tunnel(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    tunnels.add(client);
    client.on('close', () => tunnels.delete(client));
    client.on('error', () => client.destroy());
    try {
      const upstream = await dial(readAuthority(request.url ?? ''));
      upstream.on('error', () => client.destroy());
      upstream.on('close', () => client.destroy());
      client.on('close', () => upstream.destroy());
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    } catch (error) {
      client.end(`HTTP/1.1 ${statusOf(error)} Refused\r\ncontent-length: 0\r\n\r\n`);
    }
  }

  async function relay(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(request.url ?? '');
      if (url.protocol !== 'http:') throw new EgressRefusedError('only http is relayed');
      const upstream = await dial({ host: hostOf(url), port: Number(url.port || 80) });
      const { 'proxy-authorization': _, 'proxy-connection': __, ...headers } = request.headers;
      const outgoing = forward(
        {
          method: request.method,
          path: url.pathname + url.search,
          headers,
          createConnection: () => upstream,
        },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        },
      );
      outgoing.on('error', () => response.destroy());
      request.pipe(outgoing);
    } catch (error) {
      response.writeHead(statusOf(error)).end((error as Error).message);
    }
  }

  const server = createServer((request, response) => void relay(request, response));
  server.on('connect', (request, client, head) => void tunnel(request, client, head));
  server.maxConnections = CONNECTIONS_MAX;
  server.listen(socket);
  await once(server, 'listening');
  // Whoever can see the socket may use it; only the verifier and the rooms it is mounted into can.
  chmodSync(socket, 0o666);
  return {
    socket,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      for (const tunnel of tunnels) tunnel.destroy();
      await closed;
    },
  };
}

export type ResolveName = (host: string) => Promise<readonly string[]>;

async function resolveName(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

async function connected(host: string, port: number): Promise<Socket> {
  const upstream = connect({ host, port, timeout: DIAL_MS });
  upstream.on('timeout', () => upstream.destroy(new Error('timed out')));
  await once(upstream, 'connect');
  return upstream.setTimeout(IDLE_MS);
}

function readAuthority(text: string): Destination {
  const [, host, port] = text.match(/^(\[[0-9a-f:.]+\]|[^:/?#@\s]+):(\d{1,5})$/i) ?? [];
  if (!host || !port) throw new EgressRefusedError(`"${text}" is no host and port`);
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function statusOf(error: unknown): number {
  return error instanceof EgressRefusedError ? 403 : 502;
}
