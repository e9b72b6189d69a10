/** As much of protobuf's encoding as Khala's frames need, by the tables of `contract.ts`. */
import {
  ERROR_CODES,
  type Field,
  FRAME_FIELDS,
  KINDS,
  type Kind,
  MESSAGES,
  STALE_REASONS,
} from './contract.ts';

export type Values = Record<string, unknown>;

/** What a node sent. */
export interface Frame {
  kind: Kind;
  topic: string;
  seq: bigint;
  schemaVersion: number;
  payload: Values;
}

type Fields = Readonly<Record<string, Field>>;

const VARINT = 0;
const LENGTH_DELIMITED = 2;

export function encodeFrame(kind: Kind, payload: Values): Buffer {
  const [number, fields] = KINDS[kind];
  return rawFrame({ kind: number, payload_bytes: encode(fields, payload), schema_version: 1 });
}

/** A frame of any fields, so that it can be one that no client should send. */
export function rawFrame(fields: Values): Buffer {
  return encode(FRAME_FIELDS, fields);
}

function encode(fields: Fields, values: Values): Buffer {
  const parts = Object.entries(fields).flatMap(([name, field]) => {
    const given = values[name];
    if (given === undefined) return [];
    const all = field[2] ? (given as unknown[]) : [given];
    return all.map((value) => encodeField(field, value));
  });
  return Buffer.concat(parts);
}

function encodeField([number, type]: Field, value: unknown): Buffer {
  if (type === 'uint32' || type === 'uint64') {
    return Buffer.concat([tag(number, VARINT), varint(BigInt(value as number | bigint))]);
  }
  const bytes =
    type === 'string' || type === 'bytes'
      ? Buffer.from(value as string)
      : encode(type in MESSAGES ? MESSAGES[type as keyof typeof MESSAGES] : {}, value as Values);
  return Buffer.concat([tag(number, LENGTH_DELIMITED), varint(BigInt(bytes.length)), bytes]);
}

function tag(number: number, wireType: number): Buffer {
  return varint(BigInt((number << 3) | wireType));
}

export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

export function decodeFrame(bytes: Buffer): Frame {
  const frame = decode(FRAME_FIELDS, bytes);
  const known = Object.entries(KINDS).find(([, [number]]) => number === frame['kind']);
  if (!known) throw new Error(`a frame of the unknown kind ${frame['kind']}`);
  const [kind, [, fields]] = known;
  return {
    kind: kind as Kind,
    topic: frame['topic'] as string,
    seq: frame['seq'] as bigint,
    schemaVersion: frame['schema_version'] as number,
    payload: decode(fields, frame['payload_bytes'] as Buffer),
  };
}

function decode(fields: Fields, bytes: Buffer): Values {
  const values: Values = {};
  for (const [name, [, type, repeated]] of Object.entries(fields)) {
    values[name] = repeated ? [] : zeroOf(type);
  }
  const byNumber = new Map(
    Object.entries(fields).map(([name, field]) => [field[0], { name, field }]),
  );
  let at = 0;
  const readVarint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at];
      if (byte === undefined || shift > 63n) throw new Error('a varint without an end');
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(readVarint());
    const known = byNumber.get(key >> 3);
    const value = readVarint();
    let slice = bytes.subarray(at, at);
    if ((key & 7) === LENGTH_DELIMITED) {
      slice = bytes.subarray(at, at + Number(value));
      if (slice.length !== Number(value)) throw new Error('a length beyond the end');
      at += slice.length;
    } else if ((key & 7) !== VARINT)
      throw new Error(`wire type ${key & 7} is not in this protocol`);
    if (!known) continue;
    const { name, field } = known;
    const read = readField(field[1], value, slice);
    if (field[2]) (values[name] as unknown[]).push(read);
    else values[name] = read;
  }
  return values;
}

const strictText = new TextDecoder('utf-8', { fatal: true });

function readField(type: Field[1], value: bigint, bytes: Buffer): unknown {
  switch (type) {
    case 'uint64':
      return value;
    case 'uint32':
      return Number(value);
    case 'code':
      return ERROR_CODES[Number(value)] ?? `code ${value}`;
    case 'reason':
      return STALE_REASONS[Number(value)] ?? `reason ${value}`;
    case 'string':
      return strictText.decode(bytes);
    case 'bytes':
      return bytes;
    default:
      return decode(MESSAGES[type], bytes);
  }
}

function zeroOf(type: Field[1]): unknown {
  if (type === 'uint64') return 0n;
  if (type === 'uint32') return 0;
  return type === 'bytes' ? Buffer.alloc(0) : '';
}
