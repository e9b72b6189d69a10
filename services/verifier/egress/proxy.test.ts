import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EgressProxy, startEgressProxy } from './proxy.ts';

const directory = mkdtempSync(join(tmpdir(), 'oa-egress-'));
const origin = createServer((incoming, response) => {
  response.end(`${incoming.method} ${incoming.url} for ${incoming.headers.host}`);
});
let port: number;
let proxy: EgressProxy;
const refusals: string[] = [];

beforeAll(async () => {
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  port = (origin.address() as AddressInfo).port;
  proxy = await startEgressProxy({
    socket: join(directory, 'egress'),
    hosts: [`registry.test:${port}`, `*.wild.test:${port}`],
    resolve: async () => ['127.0.0.1'],
    onDecision: (_, refused) => refused && refusals.push(refused),
  });
});

afterAll(async () => {
  await proxy.close();
  origin.close();
  rmSync(directory, { recursive: true });
});

async function get(url: string): Promise<{ status: number | undefined; body: string }> {
  const { host } = new URL(url);
  const outgoing = request({ socketPath: proxy.socket, path: url, headers: { host } }).end();
  const [response] = await once(outgoing, 'response');
  return { status: response.statusCode, body: await text(response) };
}

async function tunnel(authority: string): Promise<string> {
  const outgoing = request({ socketPath: proxy.socket, method: 'CONNECT', path: authority }).end();
  const [response, socket] = await once(outgoing, 'connect');
  if (response.statusCode !== 200) return `refused ${response.statusCode}`;
  socket.write('GET /tunnelled HTTP/1.1\r\nhost: registry.test\r\nconnection: close\r\n\r\n');
  return text(socket);
}

it('relays a request to a named host, wherever that lives', async () => {
  expect(await get(`http://registry.test:${port}/package?x=1`)).toEqual({
    status: 200,
    body: `GET /package?x=1 for registry.test:${port}`,
  });
});

it('tunnels to a named host', async () => {
  expect(await tunnel(`registry.test:${port}`)).toContain('GET /tunnelled');
});

it('refuses what is not listed, and a wildcard that leads to this machine', async () => {
  expect(await tunnel(`other.test:${port}`)).toBe('refused 403');
  expect(await tunnel(`a.wild.test:${port}`)).toBe('refused 403');
  expect((await get(`http://127.0.0.1:${port}/`)).status).toBe(403);
  expect(refusals.slice(-3)).toEqual([
    `other.test:${port} is not listed`,
    'a.wild.test has no public address',
    `127.0.0.1:${port} is not listed`,
  ]);
});

it.each(['nonsense', 'registry.test', 'user@registry.test:80', '[::1'])(
  'refuses the authority %s',
  async (authority) => {
    expect(await tunnel(authority)).toBe('refused 403');
  },
);

it('cuts open tunnels when it closes', async () => {
  const closing = await startEgressProxy({
    socket: join(directory, 'closing'),
    hosts: [`registry.test:${port}`],
    resolve: async () => ['127.0.0.1'],
  });
  const path = `registry.test:${port}`;
  const outgoing = request({ socketPath: closing.socket, method: 'CONNECT', path }).end();
  const [, socket] = await once(outgoing, 'connect');
  await Promise.all([once(socket.resume(), 'close'), closing.close()]);
});
