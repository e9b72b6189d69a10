/** The runtime's artifact route, as the verifier sees it: real assertions, a real store, one process less. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { exportJWK, generateKeyPair } from 'jose';
import type { ArtifactRef } from '#proto/gen/types.ts';
import { createDirectoryStore } from '#services/shared/artifact-store.ts';
import {
  bodySha256,
  createAssertionSigner,
  createAssertionVerifier,
  INTERNAL_ASSERTION_HEADER,
} from '#services/shared/internal-assertion.ts';
import { createRunArtifacts, type RunArtifacts } from '../harness/artifacts.ts';

export interface ArtifactServer extends AsyncDisposable {
  readonly url: string;
  /** The verifier's private key, as its process reads it. */
  readonly serviceKeyFile: string;
  readonly artifacts: RunArtifacts;
  put(kind: string, bytes: Uint8Array): Promise<ArtifactRef>;
  get(sha256: string): Promise<Uint8Array>;
}

const BYTES_MAX = 64 * 1024 * 1024;

export async function startArtifactServer(directory: string): Promise<ArtifactServer> {
  const store = createDirectoryStore(join(directory, 'artifacts'));
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
  const publicJwk = { ...(await exportJWK(publicKey)), kid: 'verifier', alg: 'EdDSA' };
  const serviceKeyFile = join(directory, 'verifier.jwk');
  const privateJwk = { ...(await exportJWK(privateKey)), kid: 'verifier', alg: 'EdDSA' };
  writeFileSync(serviceKeyFile, JSON.stringify(privateJwk), { mode: 0o600 });
  const used = new Set<string>();
  const verify = createAssertionVerifier({
    audience: 'runtime',
    trusted: { keys: [publicJwk] },
    nonces: { claim: async (jti) => !used.has(jti) && Boolean(used.add(jti)) },
  });
  const server = createServer(async (request, response) => {
    if (request.url === '/healthz') {
      response.writeHead(200).end('{}');
      return;
    }
    try {
      const body = await buffer(request);
      const call = {
        method: request.method ?? '',
        target: request.url ?? '',
        bodySha256: bodySha256(body),
      };
      await verify(String(request.headers[INTERNAL_ASSERTION_HEADER]), call);
      const sha256 = call.target.match(/sha256:[0-9a-f]{64}/)?.[0] ?? '';
      if (call.method === 'PUT') {
        await store.put([body] as unknown as AsyncIterable<Uint8Array>, {
          bytesMax: BYTES_MAX,
          expected: sha256,
        });
        response.writeHead(201).end();
        return;
      }
      const found = await store.get(sha256);
      if (found) found.stream.pipe(response.writeHead(200));
      else response.writeHead(404).end('not here');
    } catch (error) {
      response.writeHead(401).end((error as Error).message);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    serviceKeyFile,
    artifacts: createRunArtifacts({
      runtimeUrl: url,
      sign: createAssertionSigner({ key: { kid: 'verifier', privateKey, publicJwk } }),
    }),
    async put(kind, bytes) {
      const stored = await store.put([bytes] as unknown as AsyncIterable<Uint8Array>, {
        bytesMax: BYTES_MAX,
      });
      return { kind, sha256: stored.sha256, bytes: String(stored.bytes), uri: '' };
    },
    async get(sha256) {
      const found = await store.get(sha256);
      if (!found) throw new Error(`${sha256} was not stored`);
      return buffer(found.stream);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
