import { encodeUpdate, updateBatchFrame, updateFrame } from '#proto/khala-frame.ts';

/** A topic that no journal knows, with frames as a node makes them, for servers that are not one. */
export interface BareTopic {
  topic: string;
  readonly head: number;
  /** The next events, as one frame each. */
  single(count: number, bytes: number): Uint8Array[];
  /** The next events, as one frame of all. */
  joined(count: number, bytes: number): Uint8Array;
}

export function createBareTopic(name: string): BareTopic {
  let head = 0;
  function next(bytes: number): Uint8Array {
    head += 1;
    return encodeUpdate({
      seq: BigInt(head),
      kind: 'text.delta',
      payload: Buffer.from(JSON.stringify({ text: 'x'.repeat(bytes) })),
      payload_hash: `sha256:${'0'.repeat(64)}`,
      recorded_at_ms: BigInt(Date.now()),
      ...{ doc_key: '', doc_version: 0n, event_hash: `sha256:${'0'.repeat(64)}` },
    });
  }
  return {
    topic: name,
    get head() {
      return head;
    },
    single: (count, bytes) =>
      Array.from({ length: count }, () => {
        const update = next(bytes);
        return updateFrame(name, BigInt(head), update);
      }),
    joined(count, bytes) {
      const updates = Array.from({ length: count }, () => next(bytes));
      return updateBatchFrame(name, BigInt(head), updates);
    },
  };
}
