import { connect } from '../connect.ts';

export interface DirtyTopic {
  topic_id: bigint;
  topic: string;
  head_seq: bigint;
}

export const HINT_CHANNEL = 'khala_hint';

/** NOTIFY refuses payloads of 8,000 bytes and more. */
const PAYLOAD_BYTES_MAX = 7_900;
/** Beyond this many topics behind one slow notification, hints are dropped: readers have their safety poll. */
const PENDING_TOPICS_MAX = 50_000;

/** Behind a slow server the rest gathers, newest head per topic, and one notification tells of hundreds of topics. */
const NOTIFICATIONS_UNDER_WAY_MAX = 8;

export interface Hinter {
  /** Returns at once; never throws. */
  hint(dirty: readonly DirtyTopic[]): void;
  close(): Promise<void>;
}

/**
 * Tells Khala which topics moved, after their commit and on a connection of its own: a NOTIFY inside the append's
 * transaction takes a cluster-wide lock across the commit's fsync. A notification leaves without waiting for the answer to
 * the one before, which a busy process reads a turn of its event loop later: until then readers would know nothing of
 * events that were acknowledged. A hint may be lost without harm.
 */
export function createHinter(options: { url: string; applicationName: string }): Hinter {
  const sql = connect({ ...options, max: 1 });
  const pending = new Map<bigint, bigint>();
  const sending = new Set<Promise<void>>();

  function send(): void {
    while (pending.size > 0 && sending.size < NOTIFICATIONS_UNDER_WAY_MAX) {
      const sent = notify(takePayload(pending)).finally(() => {
        sending.delete(sent);
        send();
      });
      sending.add(sent);
    }
  }

  async function notify(payload: string): Promise<void> {
    await sql`select pg_notify(${HINT_CHANNEL}, ${payload})`.catch(() => {
      // Lost: the readers' safety poll finds what this hint would have told.
    });
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
      await sql.end({ timeout: 1 });
    },
  };
}

/** Takes as many topics as fit: `topic_id:head_seq,…`. */
function takePayload(pending: Map<bigint, bigint>): string {
  let payload = '';
  for (const [topicId, head] of pending) {
    const entry = `${topicId}:${head}`;
    if (payload.length + 1 + entry.length > PAYLOAD_BYTES_MAX) break;
    payload = payload === '' ? entry : `${payload},${entry}`;
    pending.delete(topicId);
  }
  return payload;
}

/** Reads a payload; what does not parse is dropped, for a hint may be false without harm. */
export function parseHint(payload: string): { topic_id: bigint; head_seq: bigint }[] {
  return payload.split(',').flatMap((entry) => {
    const match = /^(\d{1,19}):(\d{1,19})$/.exec(entry);
    if (match?.[1] === undefined || match[2] === undefined) return [];
    return [{ topic_id: BigInt(match[1]), head_seq: BigInt(match[2]) }];
  });
}
