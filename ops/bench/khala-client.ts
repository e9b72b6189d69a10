import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { createKhalaClient } from '#clients/khala/client.ts';
import { createMemoryStore } from '#clients/khala/memory-store.ts';
import type { KhalaClient } from '#clients/khala/types.ts';
import type { Operator } from '../testing/operator.ts';
import type { StackProcess } from '../testing/stack-process.ts';

/** A client of the stack's Khala with the operator's own rights. */
export async function khalaClientOf(stack: StackProcess, operator: Operator): Promise<KhalaClient> {
  const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jkt = await calculateJwkThumbprint(await exportJWK(pair.publicKey));
  return createKhalaClient({
    url: `${(stack.state().addresses['khala'] ?? '').replace('http', 'ws')}/v1/sync`,
    getSyncToken: (topics) =>
      operator.call('control', 'POST', '/api/sync/token', { topics: [...topics], jkt }),
    proofKey: pair,
    deviceId: operator.deviceId,
    clientBuildId: '20260101T000000Z',
    store: createMemoryStore(),
  });
}
