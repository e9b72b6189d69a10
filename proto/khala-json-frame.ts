import { encodeBase64 } from './base64.ts';
import { canonicalBytes, type JsonValue } from './canonical.ts';
import {
  FRAME_SCHEMA_VERSION,
  isKind,
  type KhalaKind,
  type KhalaMessage,
  MalformedFrameError,
  messageOfFrame,
  PAYLOADS,
  type Update,
} from './khala-message.ts';
import { fromJson, toJson } from './mapping.ts';
import { ContractError, readMessage } from './read.ts';

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
    return messageOfFrame(frame.kind, frame.topic, seq, payload);
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
