import { listSigningKeys } from '#db/runtime/receipts.ts';
import { DOCUMENTS } from '#proto/http/documents.ts';
import type { RuntimeDeps, RuntimeHandler } from './deps.ts';

/** How long a verifier may keep the key set: a new key is published before it signs. */
const KEYS_MAX_AGE_S = 300;

/** The keys that verify receipts, retired ones included, or old receipts would lose their proof. */
export function publishKeys(deps: RuntimeDeps): RuntimeHandler<'ops.keys'> {
  return async function publishKeys() {
    const headers = { 'cache-control': `public, max-age=${KEYS_MAX_AGE_S}` };
    return Response.json(await listSigningKeys(deps.sql), { headers });
  };
}

export function publishDocument(): RuntimeHandler<'ops.openapi'> {
  const document = JSON.stringify(DOCUMENTS.runtime());
  return async function publishDocument() {
    return new Response(document, { headers: { 'content-type': 'application/json' } });
  };
}
