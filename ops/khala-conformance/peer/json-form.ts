/** The same frames as text, by the same tables: `khala.v1+json`. */
import { type Field, KINDS, type Kind, MESSAGES } from './contract.ts';
import type { Frame, Values } from './protobuf.ts';

type Fields = Readonly<Record<string, Field>>;

export function encodeJsonFrame(kind: Kind, payload: Values): string {
  return JSON.stringify({ topic: '', seq: '0', kind, schema_version: 1, payload }, (_, value) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}

export function decodeJsonFrame(text: string): Frame {
  const frame = JSON.parse(text) as Values;
  const kind = frame['kind'] as Kind;
  if (!Object.hasOwn(KINDS, kind)) throw new Error(`a frame of the unknown kind ${kind}`);
  return {
    kind,
    topic: frame['topic'] as string,
    seq: integerOf(frame['seq']),
    schemaVersion: frame['schema_version'] as number,
    payload: read(KINDS[kind][1], frame['payload'] as Values),
  };
}

/** Strict: a field that is missing, of another type or not in the contract is a fault of the node. */
function read(fields: Fields, values: Values): Values {
  const unknown = Object.keys(values).filter((name) => !Object.hasOwn(fields, name));
  if (unknown.length > 0) throw new Error(`fields that the contract has not: ${unknown}`);
  return Object.fromEntries(
    Object.entries(fields).map(([name, [, type, repeated]]) => {
      const value = values[name];
      if (!repeated) return [name, readField(type, value)];
      if (!Array.isArray(value)) throw new Error(`${name} is no list`);
      return [name, value.map((item) => readField(type, item))];
    }),
  );
}

function readField(type: Field[1], value: unknown): unknown {
  switch (type) {
    case 'uint64':
      return integerOf(value);
    case 'uint32':
      if (typeof value !== 'number') throw new Error('a 32-bit integer is a number');
      return value;
    case 'cursor':
    case 'update':
      return read(MESSAGES[type], value as Values);
    case 'bytes':
      // The only bytes are an update's payload, which stands there as the JSON value it is.
      return Buffer.from(JSON.stringify(value));
    default:
      if (typeof value !== 'string') throw new Error('a text or an enum value is a string');
      return value;
  }
}

function integerOf(value: unknown): bigint {
  if (typeof value !== 'string' || !/^(0|[1-9]\d*)$/.test(value)) {
    throw new Error('a 64-bit integer is a decimal string');
  }
  return BigInt(value);
}
