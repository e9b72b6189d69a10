import { type DirtyTopic, takePayload } from './hint-payload.ts';

export interface Hinter {
  /** Returns at once; never throws. */
  hint(dirty: readonly DirtyTopic[]): void;
  close(): Promise<void>;
}

/** Beyond this many topics behind one slow server, hints are dropped: readers have their safety poll. */
const PENDING_TOPICS_MAX = 50_000;

/** Behind a slow server the rest gathers, newest head per topic, and one payload tells of hundreds of topics. */
const PAYLOADS_UNDER_WAY_MAX = 8;

/**
 * A payload leaves without waiting for the answer to the one before, which a busy process reads a turn of its event loop
 * later: until then readers would know nothing of events that were acknowledged.
 */
export function gatherHints(driver: {
  /** Settles once the server has the payload. A rejection is a lost hint, and nothing else. */
  send(payload: string): Promise<unknown>;
  close(): Promise<void>;
}): Hinter {
  const pending = new Map<bigint, bigint>();
  const sending = new Set<Promise<void>>();

  function send(): void {
    while (pending.size > 0 && sending.size < PAYLOADS_UNDER_WAY_MAX) {
      const sent = driver
        .send(takePayload(pending))
        .then(
          () => undefined,
          // Lost: the readers' safety poll finds what this hint would have told.
          () => undefined,
        )
        .finally(() => {
          sending.delete(sent);
          send();
        });
      sending.add(sent);
    }
  }

  return {
    hint(dirty) {
      for (const { topic_id, head_seq } of dirty) {
        const known = pending.get(topic_id);
        if (known === undefined && pending.size >= PENDING_TOPICS_MAX) continue;
        if (known === undefined || known < head_seq) pending.set(topic_id, head_seq);
      }
      send();
    },
    async close() {
      while (sending.size > 0) await Promise.all(sending);
      await driver.close();
    },
  };
}
