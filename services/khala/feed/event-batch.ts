import { updatesFrame, type WireFormat } from '../wire/message-frame.ts';
import type { EncodedEvent } from './encoded-event.ts';

/** Consecutive events that leave in one frame, made once for everyone who stands before the first of them. */
export class EventBatch {
  readonly firstSeq: bigint;
  readonly nextSeq: bigint;
  readonly count: number;
  readonly events: readonly [EncodedEvent, ...EncodedEvent[]];
  readonly #topic: string;
  #binary: Buffer | undefined;

  constructor(topic: string, events: readonly [EncodedEvent, ...EncodedEvent[]]) {
    this.#topic = topic;
    this.events = events;
    this.count = events.length;
    this.firstSeq = events[0].seq;
    this.nextSeq = events[0].seq + BigInt(events.length);
  }

  frame(format: WireFormat): Buffer {
    // Who reads JSON is a person: rare, and not worth a second copy for everybody's sake.
    if (format === 'json') return updatesFrame(format, this.#topic, this.events);
    this.#binary ??= updatesFrame(format, this.#topic, this.events);
    return this.#binary;
  }
}

/** The batch that begins with `nextSeq`: its successors without a gap, as many as one frame takes. */
export function batchAt(
  topic: string,
  events: readonly EncodedEvent[],
  nextSeq: bigint,
  bounds: { eventsMax: number; bytesMax: number },
): EventBatch | undefined {
  const batch: EncodedEvent[] = [];
  let bytes = 0;
  let expected = nextSeq;
  for (const event of events) {
    if (event.seq < expected) continue;
    if (event.seq !== expected || batch.length === bounds.eventsMax) break;
    bytes += event.update.length;
    if (bytes > bounds.bytesMax && batch.length > 0) break;
    batch.push(event);
    expected += 1n;
  }
  const [first, ...rest] = batch;
  return first && new EventBatch(topic, [first, ...rest]);
}
