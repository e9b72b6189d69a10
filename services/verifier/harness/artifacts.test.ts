import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sha256Of } from '#proto/sha256.ts';
import { type ArtifactServer, startArtifactServer } from '../testing/artifact-server.ts';
import { ArtifactMismatchError, ArtifactTransferError, createRunArtifacts } from './artifacts.ts';

const directory = mkdtempSync(join(tmpdir(), 'oa-artifacts-'));
const signal = new AbortController().signal;
const content = Buffer.from('some patch');
let server: ArtifactServer;

beforeAll(async () => {
  server = await startArtifactServer(directory);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

it('fetches what was asked for, and stores what a harness printed', async () => {
  const ref = await server.put('patch', content);
  const file = join(directory, 'patch');
  await server.artifacts.fetch('run_x', ref, file, signal);
  expect(readFileSync(file)).toEqual(content);
  const printed = Buffer.from('printed');
  const stored = await server.artifacts.store(
    'run_x',
    'harness_output',
    printed,
    sha256Of(printed),
    signal,
  );
  expect(Buffer.from(await server.get(stored.sha256))).toEqual(printed);
});

it('refuses bytes that are not those of the hash', async () => {
  const liar = createServer((_, response) => response.end('other bytes'));
  liar.listen(0, '127.0.0.1');
  await once(liar, 'listening');
  const artifacts = createRunArtifacts({
    runtimeUrl: `http://127.0.0.1:${(liar.address() as AddressInfo).port}`,
    sign: async () => 'unsigned',
  });
  const ref = { kind: 'patch', sha256: sha256Of(content), bytes: '1', uri: '' };
  await expect(artifacts.fetch('run_x', ref, join(directory, 'lie'), signal)).rejects.toThrow(
    ArtifactMismatchError,
  );
  liar.close();
});

it('names what the runtime answered', async () => {
  const absent = { kind: 'patch', sha256: sha256Of(Buffer.from('absent')), bytes: '1', uri: '' };
  const fetching = server.artifacts.fetch('run_x', absent, join(directory, 'absent'), signal);
  await expect(fetching).rejects.toThrow(ArtifactTransferError);
  await expect(fetching).rejects.toThrow('answered 404: not here');
});

it('waits for a runtime that is away, and takes up a transfer that was cut', async () => {
  const answers: ((response: ServerResponse) => void)[] = [
    (response) => response.socket?.destroy(),
    (response) => void response.writeHead(503).end('starting'),
    (response) => {
      response.writeHead(200, { 'content-length': content.length }).write(content.subarray(0, 3));
      setImmediate(() => response.socket?.destroy());
    },
    (response) => void response.end(content),
  ];
  const flaky = createServer((_, response) => answers.shift()?.(response));
  flaky.listen(0, '127.0.0.1');
  await once(flaky, 'listening');
  const artifacts = createRunArtifacts({
    runtimeUrl: `http://127.0.0.1:${(flaky.address() as AddressInfo).port}`,
    sign: async () => 'unsigned',
  });
  const ref = { kind: 'patch', sha256: sha256Of(content), bytes: '1', uri: '' };
  await artifacts.fetch('run_x', ref, join(directory, 'late'), signal);
  expect(readFileSync(join(directory, 'late'))).toEqual(content);
  expect(answers).toEqual([]);
  flaky.close();
});
