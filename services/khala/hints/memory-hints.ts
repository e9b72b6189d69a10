import type { HintHub } from '#db/runtime/hint-hub.ts';
import { parseHint } from '#db/runtime/hint-payload.ts';
import type { HintSource } from './hint-source.ts';

export function createMemoryHints(hub: HintHub): HintSource {
  let stop: (() => void) | undefined;
  return {
    async start(listener) {
      stop = hub.listen({
        onPayload: (payload) => listener.onHints(parseHint(payload)),
        onOpen: () => listener.onReset(),
      });
    },
    async stop() {
      stop?.();
    },
  };
}
