/**
 * Frames of Khala: one message per frame, in binary (`khala.v1`) or, for a person who looks, in JSON
 * (`khala.v1+json`). Isomorphic: servers, Node and browsers read and write them with this file.
 *
 * 1. Whatever bytes arrive, decoding gives a message or throws MalformedFrameError; nothing else.
 * 2. A frame of a kind that this build does not know is a message of kind `unknown`, which its reader ignores.
 * 3. An update is encoded once and can be sent alone or in a batch without being encoded again.
 */
import { encodeBase64 } from './base64.ts';
import { canonicalBytes, type JsonValue } from './canonical.ts';
import type {
  CaughtUp,
  Challenge,
  DomainTypes,
  Heartbeat,
  Hello,
  Reconnect,
  SnapshotRequired,
  Subscribe,
  Subscribed,
  SyncError,
  TokenRefresh,
  Unsubscribe,
  Update,
  UpdateBatch,
  Welcome,
} from './gen/domain.ts';
import { ENUM_NUMBERS } from './gen/tables.ts';
import { openagents } from './gen/wire.js';
import { enumText, fromJson, fromWire, toJson, toWire } from './mapping.ts';
import { ContractError, readMessage } from './read.ts';

export type { SyncError, TopicCursor, Update } from './gen/domain.ts';

/** WebSocket subprotocols, the client's preference first. */
export const KHALA_PROTOCOL = 'khala.v1';
export const KHALA_JSON_PROTOCOL = 'khala.v1+json';

/** Version of the payloads; a node and a client compare it in the handshake. */
export const FRAME_SCHEMA_VERSION = 1;

/** What a frame says. Control frames have neither topic nor seq of their own. */
export type KhalaMessage =
  | ({ kind: 'challenge' } & Challenge)
  | ({ kind: 'hello' } & Hello)
  | ({ kind: 'welcome' } & Welcome)
  | ({ kind: 'subscribe' } & Subscribe)
  | ({ kind: 'subscribed' } & Subscribed)
  | ({ kind: 'unsubscribe' } & Unsubscribe)
  | { kind: 'update'; topic: string; seq: bigint; update: Update }
  | ({ kind: 'update_batch'; topic: string; seq: bigint } & UpdateBatch)
  | ({ kind: 'caught_up' } & CaughtUp)
  | ({ kind: 'snapshot_required' } & SnapshotRequired)
  | ({ kind: 'heartbeat' } & Heartbeat)
  | ({ kind: 'error' } & SyncError)
  | ({ kind: 'reconnect' } & Reconnect)
  | ({ kind: 'token_refresh' } & TokenRefresh)
  | { kind: 'unknown'; kind_number: number; topic: string; seq: bigint };

export type KhalaKind = Exclude<KhalaMessage['kind'], 'unknown'>;

/** The bytes or the text are no frame. The message says where, never what was sent. */
export class MalformedFrameError extends Error {
  override readonly name = 'MalformedFrameError';
}

const wire = openagents.sync.v1;

const PAYLOADS = {
  challenge: ['openagents.sync.v1.Challenge', wire.Challenge],
  hello: ['openagents.sync.v1.Hello', wire.Hello],
  welcome: ['openagents.sync.v1.Welcome', wire.Welcome],
  subscribe: ['openagents.sync.v1.Subscribe', wire.Subscribe],
  subscribed: ['openagents.sync.v1.Subscribed', wire.Subscribed],
  unsubscribe: ['openagents.sync.v1.Unsubscribe', wire.Unsubscribe],
  update: ['openagents.sync.v1.Update', wire.Update],
  update_batch: ['openagents.sync.v1.UpdateBatch', wire.UpdateBatch],
  caught_up: ['openagents.sync.v1.CaughtUp', wire.CaughtUp],
  snapshot_required: ['openagents.sync.v1.SnapshotRequired', wire.SnapshotRequired],
  heartbeat: ['openagents.sync.v1.Heartbeat', wire.Heartbeat],
  error: ['openagents.sync.v1.SyncError', wire.SyncError],
  reconnect: ['openagents.sync.v1.Reconnect', wire.Reconnect],
  token_refresh: ['openagents.sync.v1.TokenRefresh', wire.TokenRefresh],
} as const satisfies Record<KhalaKind, readonly [keyof DomainTypes, Codec]>;

interface Codec {
  encode(message: never): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
}

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

// Tag of UpdateBatch.updates: field 1, length-delimited.
const UPDATES_TAG = 0x0a;

/** A frame around updates that are already encoded; `seq` is that of the last one. */
export function updateBatchFrame(
  topic: string,
  seq: bigint,
  encodedUpdates: readonly Uint8Array[],
): Uint8Array {
  let length = 0;
  for (const update of encodedUpdates) length += 1 + varintBytes(update.length) + update.length;
  const payload = new Uint8Array(length);
  let at = 0;
  for (const update of encodedUpdates) {
    payload[at] = UPDATES_TAG;
    at = writeVarint(payload, at + 1, update.length);
    payload.set(update, at);
    at += update.length;
  }
  return frameBytes('update_batch', topic, seq, payload);
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
  const frame = toWire('openagents.sync.v1.KhalaFrame', {
    topic,
    seq,
    kind,
    payload_bytes: payload,
    schema_version: FRAME_SCHEMA_VERSION,
  });
  return wire.KhalaFrame.encode(frame as never).finish();
}

/** Reads a binary frame. Throws MalformedFrameError. */
export function decodeFrame(bytes: Uint8Array): KhalaMessage {
  const frame = decodeWire('the frame', wire.KhalaFrame, bytes) as openagents.sync.v1.KhalaFrame;
  const { topic, seq, payload_bytes } = fromWire('openagents.sync.v1.KhalaFrame', frame);
  const kind = enumText(KIND_TYPE, frame.kind);
  if (!isKind(kind)) return { kind: 'unknown', kind_number: frame.kind, topic, seq };
  const [name, codec] = PAYLOADS[kind];
  const payload = fromWire(name, decodeWire(`the payload of ${kind}`, codec, payload_bytes));
  return messageOf(kind, topic, seq, payload);
}

function decodeWire(what: string, codec: Codec, bytes: Uint8Array): object {
  try {
    return codec.decode(bytes);
  } catch (cause) {
    throw new MalformedFrameError(`${what} is not valid protobuf`, { cause });
  }
}

function isKind(text: string): text is KhalaKind {
  return Object.hasOwn(PAYLOADS, text);
}

/** Joins the frame's own topic and seq to its payload; an update's two seqs must agree. */
function messageOf(kind: KhalaKind, topic: string, seq: bigint, payload: object): KhalaMessage {
  switch (kind) {
    case 'update':
      if ((payload as Update).seq !== seq) {
        throw new MalformedFrameError('an update and its frame name different seqs');
      }
      return { kind, topic, seq, update: payload as Update };
    case 'update_batch': {
      const { updates } = payload as UpdateBatch;
      if (updates.at(-1)?.seq !== seq) {
        throw new MalformedFrameError('a batch ends with another seq than its frame');
      }
      return { kind, topic, seq, updates };
    }
    default:
      // The kind chose the payload's type in the table above.
      return { kind, ...payload } as KhalaMessage;
  }
}

/** The JSON frame of a message. An update's payload stands there as the JSON value it is. */
export function encodeJsonFrame(message: KhalaMessage): string {
  switch (message.kind) {
    case 'unknown':
      throw new MalformedFrameError('an unknown kind is only read');
    case 'update':
      return jsonFrame(message.kind, message.topic, message.seq, openUpdate(message.update));
    case 'update_batch': {
      const updates = message.updates.map(openUpdate);
      return jsonFrame(message.kind, message.topic, message.seq, { updates });
    }
    default:
      return jsonFrame(message.kind, '', 0n, toJson(PAYLOADS[message.kind][0], message as never));
  }
}

function jsonFrame(kind: KhalaKind, topic: string, seq: bigint, payload: object): string {
  const seqText = seq.toString();
  return JSON.stringify({
    topic,
    seq: seqText,
    kind,
    schema_version: FRAME_SCHEMA_VERSION,
    payload,
  });
}

type JsonFields = Record<string, unknown>;

function openUpdate(update: Update): object {
  return { ...toJson('openagents.sync.v1.Update', update), payload: jsonOf(update.payload) };
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function jsonOf(payload: Uint8Array): JsonValue {
  return JSON.parse(decoder.decode(payload)) as JsonValue;
}

/** Reads a JSON frame. Throws MalformedFrameError. */
export function decodeJsonFrame(text: string): KhalaMessage {
  try {
    const raw: unknown = JSON.parse(text);
    const frame = readMessage('openagents.sync.v1.KhalaFrame', raw);
    const seq = BigInt(frame.seq);
    if (!isKind(frame.kind)) {
      return { kind: 'unknown', kind_number: 0, topic: frame.topic, seq };
    }
    const payload = fromJson(
      PAYLOADS[frame.kind][0],
      closeUpdates(frame.kind, (raw as JsonFields)['payload']),
    );
    return messageOf(frame.kind, frame.topic, seq, payload);
  } catch (cause) {
    if (cause instanceof MalformedFrameError) throw cause;
    const where = cause instanceof ContractError ? cause.message : 'it is not JSON';
    throw new MalformedFrameError(`not a valid JSON frame: ${where}`, { cause });
  }
}

/** The canonical bytes of an update's payload, so that its hash can be checked in this form too. */
function closeUpdates(kind: KhalaKind, payload: unknown): unknown {
  const close = (update: unknown): unknown => {
    const fields = update as { payload?: JsonValue };
    return { ...fields, payload: base64Of(fields.payload ?? null) };
  };
  if (kind === 'update') return close(payload);
  if (kind !== 'update_batch') return payload;
  const { updates } = payload as { updates: unknown[] };
  return { updates: updates.map(close) };
}

function base64Of(value: JsonValue): string {
  return encodeBase64(canonicalBytes(value, { floats: true }));
}

/** Numbers of the kinds, for tests and tools. */
export const KIND_NUMBERS: Readonly<Record<string, number>> = ENUM_NUMBERS[KIND_TYPE] ?? {};
