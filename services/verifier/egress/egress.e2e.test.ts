import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bubblewrapNeeded, startTestVerifier, type TestVerifier } from '../testing/verifier.ts';
import { type EgressProxy, startEgressProxy } from './proxy.ts';

/** A registry with one file, and a git server over `git http-backend`. */
const origin = createServer(async (request, response) => {
  if (request.url === '/dependency') return response.end('42\n');
  const { pathname, search } = new URL(request.url ?? '', 'http://x');
  const backend = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: projectRoot,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: request.method,
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      ...GIT_OPTIONS,
    },
  });
  request.pipe(backend.stdin);
  const answer = await buffer(backend.stdout);
  const end = answer.indexOf('\r\n\r\n');
  for (const line of answer.subarray(0, end).toString().split('\r\n')) {
    const [name = '', value = ''] = line.split(': ');
    if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  return response.end(answer.subarray(end + 4));
});

const GIT_OPTIONS = {
  GIT_CONFIG_COUNT: '2',
  GIT_CONFIG_KEY_0: 'uploadpack.allowAnySHA1InWant',
  GIT_CONFIG_VALUE_0: 'true',
  GIT_CONFIG_KEY_1: 'safe.directory',
  GIT_CONFIG_VALUE_1: '*',
};

const directory = mkdtempSync(join(tmpdir(), 'oa-egress-e2e-'));
let projectRoot = '';
let port: number;
let proxy: EgressProxy;
let verifier: TestVerifier;

beforeAll(async () => {
  if (bubblewrapNeeded) return;
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  port = (origin.address() as AddressInfo).port;
  proxy = await startEgressProxy({
    socket: join(directory, 'egress'),
    hosts: [`registry.test:${port}`],
    resolve: async () => ['127.0.0.1'],
  });
  verifier = await startTestVerifier({ egressSocket: proxy.socket });
});

afterAll(async () => {
  if (bubblewrapNeeded) return;
  await verifier[Symbol.asyncDispose]();
  await proxy.close();
  origin.close();
  rmSync(directory, { recursive: true });
});

const FETCH = (host: string) =>
  `python3 -c "import urllib.request; print(urllib.request.urlopen('http://${host}:${port}/dependency', timeout=5).read().decode(), end='')"`;

describe.skipIf(bubblewrapNeeded)(`a setup with network${bubblewrapNeeded}`, () => {
  it('installs from where it may go, and its harness has no network', async () => {
    const repository = verifier.repository({ 'answer.txt': '41\n' });
    const result = await verifier.verify({
      repository,
      patch: repository.patch({ 'answer.txt': '42\n' }),
      harness: {
        setup: { commands: [`${FETCH('registry.test')} >dependency`], network: 'egress' },
        commands: [
          `cmp dependency answer.txt && ! ${FETCH('registry.test')} && ! (echo >/dev/tcp/127.0.0.1/${port})`,
        ],
      },
    });
    expect(result).toMatchObject({ verdict: 'accepted', strength: 'fail_to_pass' });
  });

  it('cannot go anywhere else, nor past the proxy to this machine', async () => {
    const repository = verifier.repository({ 'answer.txt': '41\n' });
    const result = await verifier.verify({
      repository,
      patch: repository.patch({ 'answer.txt': '42\n' }),
      harness: {
        setup: {
          commands: [
            `${FETCH('other.test')} && exit 0; no_proxy= ${FETCH('127.0.0.1')} && exit 0; http_proxy= ${FETCH('127.0.0.1')} && exit 0; exit 7`,
          ],
          network: 'egress',
        },
        commands: ['true'],
      },
    });
    expect(result.commands.map(({ stage, exit_code }) => [stage, exit_code])).toEqual([
      ['setup', 7],
      ['setup_patched', 7],
    ]);
  });

  it('may bring the repository itself, from an address', async () => {
    const repository = verifier.repository({ 'answer.txt': '41\n' });
    projectRoot = join(repository.directory, '..');
    const name = repository.directory.slice(projectRoot.length + 1);
    const request = {
      repository,
      patch: repository.patch({ 'answer.txt': '42\n' }),
      harness: { commands: ['grep -q 42 answer.txt'] },
    };
    expect(
      await verifier.verify({ ...request, url: `http://registry.test:${port}/${name}/.git` }),
    ).toMatchObject({
      verdict: 'accepted',
      strength: 'fail_to_pass',
      base_tree: repository.baseTree,
    });
    for (const url of [`http://registry.test:${port}/absent`, 'file:///etc', '--upload-pack=x']) {
      expect(await verifier.verify({ ...request, url })).toMatchObject({ verdict: 'rejected' });
    }
  });
});
