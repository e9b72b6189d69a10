/** What a hint says: the text is the same for every driver. It may be lost, repeated, late or false without harm. */

export interface DirtyTopic {
  topic_id: bigint;
  topic: string;
  head_seq: bigint;
}

/** Of NOTIFY. */
export const HINT_CHANNEL = 'khala_hint';
/** Of NATS. */
export const HINT_SUBJECT = 'khala.hint';

/** NOTIFY refuses payloads of 8,000 bytes and more; the other drivers keep to the same. */
export const HINT_PAYLOAD_BYTES_MAX = 7_900;

/** Takes as many topics as fit: `topic_id:head_seq,…`. */
export function takePayload(pending: Map<bigint, bigint>): string {
  let payload = '';
  for (const [topicId, head] of pending) {
    const entry = `${topicId}:${head}`;
    if (payload.length + 1 + entry.length > HINT_PAYLOAD_BYTES_MAX) break;
    payload = payload === '' ? entry : `${payload},${entry}`;
    pending.delete(topicId);
  }
  return payload;
}

/** Reads a payload; what does not parse, and what is too long to be ours, is dropped. */
export function parseHint(payload: string): { topic_id: bigint; head_seq: bigint }[] {
  if (payload.length > HINT_PAYLOAD_BYTES_MAX) return [];
  return payload.split(',').flatMap((entry) => {
    const match = /^(\d{1,19}):(\d{1,19})$/.exec(entry);
    if (match?.[1] === undefined || match[2] === undefined) return [];
    return [{ topic_id: BigInt(match[1]), head_seq: BigInt(match[2]) }];
  });
}
