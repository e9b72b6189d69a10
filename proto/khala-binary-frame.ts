/**
 * Binary frames (`khala.v1`), one message each. All that a page needs of frames.
 *
 * 1. Whatever bytes arrive, decoding gives a message or throws MalformedFrameError; nothing else.
 * 2. A frame of a kind that this build does not know is a message of kind `unknown`, which its reader ignores.
 * 3. An update is encoded once and can be sent alone or in a batch without being encoded again.
 */
import type { Update } from './gen/domain.ts';
import { openagents } from './gen/wire.js';
import {
  type Codec,
  FRAME_SCHEMA_VERSION,
  isKind,
  type KhalaKind,
  type KhalaMessage,
  MalformedFrameError,
  messageOfFrame,
  PAYLOADS,
} from './khala-message.ts';
import { enumText, fromWire, toWire } from './wire-mapping.ts';

const wire = openagents.sync.v1;

const KIND_TYPE = 'openagents.sync.v1.KhalaFrameKind';

/** The binary frame of a message. */
export function encodeFrame(message: KhalaMessage): Uint8Array {
  if (message.kind === 'unknown') throw new MalformedFrameError('an unknown kind is only read');
  switch (message.kind) {
    case 'update':
      return updateFrame(message.topic, message.seq, encodeUpdate(message.update));
    case 'update_batch':
      return updateBatchFrame(message.topic, message.seq, message.updates.map(encodeUpdate));
    default:
      return frameBytes(message.kind, '', 0n, encodePayload(message.kind, message));
  }
}

function encodePayload(kind: KhalaKind, message: object): Uint8Array {
  const [name, codec] = PAYLOADS[kind];
  // The table pairs each name with its codec, which TypeScript cannot follow through a union.
  return codec.encode(toWire(name, message as never) as never).finish();
}

/** An update's payload bytes, for `updateFrame` and `updateBatchFrame`. */
export function encodeUpdate(update: Update): Uint8Array {
  return encodePayload('update', update);
}

/** A frame around one update that is already encoded. */
export function updateFrame(topic: string, seq: bigint, encodedUpdate: Uint8Array): Uint8Array {
  return frameBytes('update', topic, seq, encodedUpdate);
}

// Tags of length-delimited fields, and the whole of the last field of a frame.
const UPDATES_TAG = 0x0a;
const PAYLOAD_BYTES_TAG = 0x22;
const SCHEMA_VERSION_FIELD = [0x28, FRAME_SCHEMA_VERSION];

/** A frame around updates that are already encoded, in one copy; `seq` is that of the last one. */
export function updateBatchFrame(
  topic: string,
  seq: bigint,
  encodedUpdates: readonly Uint8Array[],
): Uint8Array {
  const head = frameHead('update_batch', topic, seq);
  let payloadBytes = 0;
  for (const { length } of encodedUpdates) payloadBytes += 1 + varintBytes(length) + length;
  const tail = payloadBytes + SCHEMA_VERSION_FIELD.length;
  const frame = new Uint8Array(head.length + 1 + varintBytes(payloadBytes) + tail);
  frame.set(head);
  frame[head.length] = PAYLOAD_BYTES_TAG;
  let at = writeVarint(frame, head.length + 1, payloadBytes);
  for (const update of encodedUpdates) {
    frame[at] = UPDATES_TAG;
    at = writeVarint(frame, at + 1, update.length);
    frame.set(update, at);
    at += update.length;
  }
  frame.set(SCHEMA_VERSION_FIELD, at);
  return frame;
}

/** The fields of a frame that stand before its payload. */
function frameHead(kind: KhalaKind, topic: string, seq: bigint): Uint8Array {
  return encodedFrame(kind, topic, seq, new Uint8Array(0), 0);
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest >>>= 7) bytes += 1;
  return bytes;
}

function writeVarint(into: Uint8Array, from: number, value: number): number {
  let at = from;
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) {
    into[at] = (rest & 0x7f) | 0x80;
    at += 1;
  }
  into[at] = rest;
  return at + 1;
}

/** A frame around an encoded payload. */
export function frameBytes(
  kind: KhalaKind,
  topic: string,
  seq: bigint,
  payload: Uint8Array,
): Uint8Array {
  return encodedFrame(kind, topic, seq, payload, FRAME_SCHEMA_VERSION);
}

function encodedFrame(
  kind: KhalaKind,
  topic: string,
  seq: bigint,
  payload_bytes: Uint8Array,
  schema_version: number,
): Uint8Array {
  const fields = { topic, seq, kind, payload_bytes, schema_version };
  return wire.KhalaFrame.encode(toWire('openagents.sync.v1.KhalaFrame', fields) as never).finish();
}

/** Reads a binary frame. Throws MalformedFrameError. */
export function decodeFrame(bytes: Uint8Array): KhalaMessage {
  const frame = decodeWire('the frame', wire.KhalaFrame, bytes) as openagents.sync.v1.KhalaFrame;
  const { topic, seq, payload_bytes } = fromWire('openagents.sync.v1.KhalaFrame', frame);
  const kind = enumText(KIND_TYPE, frame.kind);
  if (!isKind(kind)) return { kind: 'unknown', kind_number: frame.kind, topic, seq };
  const [name, codec] = PAYLOADS[kind];
  const payload = fromWire(name, decodeWire(`the payload of ${kind}`, codec, payload_bytes));
  return messageOfFrame(kind, topic, seq, payload);
}

function decodeWire(what: string, codec: Codec, bytes: Uint8Array): object {
  try {
    return codec.decode(bytes);
  } catch (cause) {
    throw new MalformedFrameError(`${what} is not valid protobuf`, { cause });
  }
}
