import { DEFAULT_WINDOW } from '#proto/compat.ts';
import { DOCUMENTS } from '#proto/http/documents.ts';
import type { ControlDeps } from '../control-deps.ts';
import type { ControlHandlers } from './control-handlers.ts';

/** A verifier that knows this copy sees a new key at most this much later, and at once by its unknown `kid`. */
const KEYS_MAX_AGE_S = 300;

const SURFACES = ['control_api', 'runtime_api', 'khala_web_socket'];

/** What a client must know before it can say anything. */
export function discoveryHandlers({ keys, runtimeUrl, khalaUrl }: ControlDeps) {
  const document = DOCUMENTS.control();
  return {
    async 'compatibility.read'() {
      return {
        data: {
          windows: SURFACES.map((surface) => ({ ...DEFAULT_WINDOW, surface })),
          endpoints: { runtime_url: runtimeUrl, khala_url: khalaUrl },
        },
      };
    },
    async 'ops.openapi'() {
      return { data: document };
    },
    async 'ops.keys'() {
      return Response.json(keys.published, {
        headers: { 'cache-control': `public, max-age=${KEYS_MAX_AGE_S}` },
      });
    },
  } satisfies Partial<ControlHandlers>;
}
