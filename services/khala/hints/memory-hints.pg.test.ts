import { createHintHub } from '#db/runtime/hint-hub.ts';
import { createMemoryHinter } from '#db/runtime/memory-hinter.ts';
import { describeHints } from './hint-suite.ts';
import { createMemoryHints } from './memory-hints.ts';

describeHints('memory', async () => {
  const hub = createHintHub();
  return {
    hinter: () => createMemoryHinter(hub),
    source: async () => createMemoryHints(hub),
    inject: async (payload) => hub.publish(payload),
    down: hub.down,
    restore: hub.restore,
    close: async () => undefined,
  };
});
