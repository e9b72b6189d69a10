import { gatherHints, type Hinter } from './gathered-hints.ts';
import type { HintHub } from './hint-hub.ts';

export function createMemoryHinter(hub: HintHub): Hinter {
  return gatherHints({
    send: async (payload) => hub.publish(payload),
    close: async () => undefined,
  });
}
