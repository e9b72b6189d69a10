/**
 * The mapping of messages that travel in binary, between three forms:
 *
 *   wire    what pbjs reads and writes: Long, enum numbers, Uint8Array
 *   domain  what our code uses: bigint, enum texts, Uint8Array
 *   JSON    ProtoJSON with proto field names: decimal strings, enum texts, base64
 *
 * 1. Domain and JSON forms are complete: every field without presence is there, with its zero if unset.
 * 2. A 64-bit integer never passes through a double.
 * 3. An enum number or text that this build does not know reads as '' (unspecified): an addition breaks no reader.
 */
import Long from 'long';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { jsonPath } from './canonical.ts';
import type { DomainTypes } from './gen/domain.ts';
import { ENUM_NUMBERS, type FieldRow, MESSAGE_FIELDS } from './gen/tables.ts';
import type { MessageTypes } from './gen/types.ts';
import { ContractError, readMessage } from './read.ts';
import { INT64_MAX, INT64_MIN, UINT64_MAX } from './uint64.ts';

export type BinaryName = keyof DomainTypes & keyof MessageTypes;

type Fields = Record<string, unknown>;
type Element = (row: FieldRow, value: unknown, path: (string | number)[]) => unknown;

/** Domain form of a decoded wire message. */
export function fromWire<N extends BinaryName>(name: N, wire: object): DomainTypes[N] {
  return mapFields(name, wire as Fields, elementFromWire, []) as unknown as DomainTypes[N];
}

/** Wire form of a domain message. Throws ContractError for an integer or enum text that the wire cannot say. */
export function toWire<N extends BinaryName>(name: N, domain: DomainTypes[N]): Fields {
  return mapFields(name, domain as unknown as Fields, elementToWire, []);
}

/** Domain form of a JSON value, read leniently. Throws ContractError with the path of each fault. */
export function fromJson<N extends BinaryName>(name: N, json: unknown): DomainTypes[N] {
  const message = readMessage(name, json) as unknown as Fields;
  return mapFields(name, message, elementFromJson, []) as unknown as DomainTypes[N];
}

/** JSON form of a domain message. */
export function toJson<N extends BinaryName>(name: N, domain: DomainTypes[N]): MessageTypes[N] {
  const message = mapFields(name, domain as unknown as Fields, elementToJson, []);
  return message as unknown as MessageTypes[N];
}

function mapFields(
  type: string,
  message: Fields,
  element: Element,
  path: (string | number)[],
): Fields {
  const mapped: Fields = {};
  for (const row of MESSAGE_FIELDS[type] ?? []) {
    const value = message[row.name];
    // A pbjs message keeps its zero values on the prototype, so only own fields were sent.
    if (
      value === undefined ||
      value === null ||
      (row.presence && !Object.hasOwn(message, row.name))
    ) {
      if (!row.presence) mapped[row.name] = mapZero(row, element);
      continue;
    }
    path.push(row.name);
    mapped[row.name] = mapContainer(row, value, element, path);
    path.pop();
  }
  return mapped;
}

function mapContainer(
  row: FieldRow,
  value: unknown,
  element: Element,
  path: (string | number)[],
): unknown {
  const one = (item: unknown, at?: string | number): unknown => {
    if (at !== undefined) path.push(at);
    const mapped =
      row.kind === 'message'
        ? mapFields(row.type ?? '', item as Fields, element, path)
        : element(row, item, path);
    if (at !== undefined) path.pop();
    return mapped;
  };
  if (row.container === 'list') return (value as unknown[]).map(one);
  if (row.container === 'map') {
    const entries = Object.entries(value as Fields).map(([key, item]) => [key, one(item, key)]);
    return Object.fromEntries(entries);
  }
  return one(value);
}

/** The zero in the form that `element` writes. */
function mapZero(row: FieldRow, element: Element): unknown {
  if (row.container === 'list') return [];
  if (row.container === 'map') return {};
  const wire = element === elementToWire;
  const domain = element === elementFromWire || element === elementFromJson;
  switch (row.kind) {
    case 'bool':
      return false;
    case 'uint32':
    case 'int32':
    case 'double':
      return 0;
    case 'uint64':
    case 'int64':
      if (wire) return row.kind === 'uint64' ? Long.UZERO : Long.ZERO;
      return domain ? 0n : '0';
    case 'bytes':
      return wire || domain ? new Uint8Array(0) : '';
    case 'enum':
      return wire ? 0 : '';
    default:
      return '';
  }
}

const ENUM_TEXTS = new Map(
  Object.entries(ENUM_NUMBERS).map(([type, numbers]) => [
    type,
    new Map(Object.entries(numbers).map(([text, number]) => [number, text])),
  ]),
);

/** The text of an enum number; '' where this build does not know it. */
export function enumText(type: string, number: number): string {
  return ENUM_TEXTS.get(type)?.get(number) ?? '';
}

const elementFromWire: Element = (row, value) => {
  switch (row.kind) {
    case 'uint64':
    case 'int64':
      return bigintOf(value as Long);
    case 'enum':
      return enumText(row.type ?? '', value as number);
    default:
      return value;
  }
};

const elementToWire: Element = (row, value, path) => {
  switch (row.kind) {
    case 'uint64':
      return longOf(value as bigint, 0n, UINT64_MAX, path);
    case 'int64':
      return longOf(value as bigint, INT64_MIN, INT64_MAX, path);
    case 'enum': {
      const number = ENUM_NUMBERS[row.type ?? '']?.[value as string];
      if (number === undefined) fail(path, 'is not a value of its enum');
      return number;
    }
    default:
      return value;
  }
};

const elementFromJson: Element = (row, value) => {
  switch (row.kind) {
    case 'uint64':
    case 'int64':
      return BigInt(value as string);
    case 'bytes':
      return decodeBase64(value as string);
    default:
      return value;
  }
};

const elementToJson: Element = (row, value) => {
  switch (row.kind) {
    case 'uint64':
    case 'int64':
      return (value as bigint).toString();
    case 'bytes':
      return encodeBase64(value as Uint8Array);
    default:
      return value;
  }
};

/** Below 2^53 a number is exact, and much cheaper than a bigint made of two halves. */
const HIGH_BITS_OF_SAFE = 2 ** 21;

function bigintOf(value: Long): bigint {
  if (value.high >= 0 && value.high < HIGH_BITS_OF_SAFE) {
    return BigInt(value.high * 2 ** 32 + (value.low >>> 0));
  }
  const high = BigInt(value.unsigned ? value.high >>> 0 : value.high);
  return (high << 32n) | BigInt(value.low >>> 0);
}

/** A bigint that reached pbjs as it is would be written as 0; this is the only way to it. */
function longOf(value: bigint, least: bigint, most: bigint, path: (string | number)[]): Long {
  if (typeof value !== 'bigint' || value < least || value > most) {
    fail(path, 'is not an integer in the range of its field');
  }
  const low = Number(BigInt.asIntN(32, value));
  const high = Number(BigInt.asIntN(32, value >> 32n));
  return new Long(low, high, least === 0n);
}

function fail(path: (string | number)[], reason: string): never {
  throw new ContractError('wire', [{ path: jsonPath(path), reason }]);
}
