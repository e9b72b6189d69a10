import { openNatsLine } from '../nats-line.ts';
import { gatherHints, type Hinter } from './gathered-hints.ts';
import { HINT_SUBJECT } from './hint-payload.ts';

/** Publishes over NATS, which says that it has a payload only by the answer to a ping behind it. */
export function createNatsHinter(options: { url: string; name: string }): Hinter {
  const line = openNatsLine(options);
  return gatherHints({
    async send(payload) {
      line.connection?.publish(HINT_SUBJECT, payload);
      await line.connection?.flush();
    },
    close: () => line.close(),
  });
}
