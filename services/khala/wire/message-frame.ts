import {
  decodeFrame,
  encodeFrame,
  encodeJsonFrame,
  KHALA_JSON_PROTOCOL,
  KHALA_PROTOCOL,
  type KhalaMessage,
  updateBatchFrame,
  updateFrame,
} from '#proto/khala-frame.ts';
import { BINARY_OPCODE, TEXT_OPCODE, webSocketFrame } from './web-socket-frame.ts';

/** How a socket wants its frames, chosen by its subprotocol. */
export type WireFormat = 'binary' | 'json';

export const WIRE_FORMATS: ReadonlyMap<string, WireFormat> = new Map([
  [KHALA_PROTOCOL, 'binary'],
  [KHALA_JSON_PROTOCOL, 'json'],
]);

/** An update whose payload bytes are made already. */
export interface EncodedUpdate {
  seq: bigint;
  update: Uint8Array;
}

export function messageFrame(format: WireFormat, message: KhalaMessage): Buffer {
  return format === 'json'
    ? webSocketFrame(TEXT_OPCODE, Buffer.from(encodeJsonFrame(message)))
    : webSocketFrame(BINARY_OPCODE, encodeFrame(message));
}

/** One UPDATE, or one UPDATE_BATCH of several, around updates that are not encoded again. */
export function updatesFrame(
  format: WireFormat,
  topic: string,
  updates: readonly [EncodedUpdate, ...EncodedUpdate[]],
): Buffer {
  const [first] = updates;
  const last = updates.at(-1) ?? first;
  const bytes =
    updates.length === 1
      ? updateFrame(topic, first.seq, first.update)
      : updateBatchFrame(
          topic,
          last.seq,
          updates.map(({ update }) => update),
        );
  // A person reads JSON frames, at a person's pace: they need not be quick.
  return format === 'json'
    ? messageFrame('json', decodeFrame(bytes))
    : webSocketFrame(BINARY_OPCODE, bytes);
}
