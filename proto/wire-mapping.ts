/**
 * Messages that travel in binary, between what pbjs reads and writes (Long, enum numbers) and the domain form that our
 * code uses (bigint, enum texts). Apart from the JSON forms, which a page does not need.
 *
 * 1. The domain form is complete: every field without presence is there, with its zero if unset.
 * 2. A 64-bit integer never passes through a double.
 * 3. An enum number that this build does not know reads as '' (unspecified): an addition breaks no reader.
 */
import protobuf from 'protobufjs/minimal.js';
import { ContractError } from './contract-error.ts';
import type { DomainTypes } from './gen/domain.ts';
import { FRAME_ENUM_NUMBERS, FRAME_FIELDS } from './gen/frame-tables.ts';
import type { FieldRow } from './gen/tables.ts';
import type { MessageTypes } from './gen/types.ts';
import { jsonPath } from './json-path.ts';
import { INT64_MAX, INT64_MIN, UINT64_MAX } from './uint64.ts';

/** That of the codecs: importing the library itself would bring it a second time. */
const { Long } = protobuf.util;

export type BinaryName = keyof DomainTypes & keyof MessageTypes;

export type Fields = Record<string, unknown>;
type Path = (string | number)[];

/** What a mapping makes of one value, and of a field that is not there. */
export interface Form {
  element(row: FieldRow, value: unknown, path: Path): unknown;
  zero: { integer64(row: FieldRow): unknown; bytes(): unknown; enumeration: unknown };
}

/** Domain form of a decoded wire message. */
export function fromWire<N extends BinaryName>(name: N, wire: object): DomainTypes[N] {
  return mapFields(name, wire as Fields, FROM_WIRE, []) as unknown as DomainTypes[N];
}

/** Wire form of a domain message. Throws ContractError for an integer or enum text that the wire cannot say. */
export function toWire<N extends BinaryName>(name: N, domain: DomainTypes[N]): Fields {
  return mapFields(name, domain as unknown as Fields, TO_WIRE, []);
}

export function mapFields(type: string, message: Fields, form: Form, path: Path): Fields {
  const mapped: Fields = {};
  for (const row of FRAME_FIELDS[type] ?? []) {
    const value = message[row.name];
    // A pbjs message keeps its zero values on the prototype, so only own fields were sent.
    if (
      value === undefined ||
      value === null ||
      (row.presence && !Object.hasOwn(message, row.name))
    ) {
      if (!row.presence) mapped[row.name] = zeroOf(row, form);
      continue;
    }
    path.push(row.name);
    mapped[row.name] = mapContainer(row, value, form, path);
    path.pop();
  }
  return mapped;
}

function mapContainer(row: FieldRow, value: unknown, form: Form, path: Path): unknown {
  const one = (item: unknown, at?: string | number): unknown => {
    if (at !== undefined) path.push(at);
    const mapped =
      row.kind === 'message'
        ? mapFields(row.type ?? '', item as Fields, form, path)
        : form.element(row, item, path);
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

function zeroOf(row: FieldRow, { zero }: Form): unknown {
  if (row.container === 'list') return [];
  if (row.container === 'map') return {};
  switch (row.kind) {
    case 'bool':
      return false;
    case 'uint32':
    case 'int32':
    case 'double':
      return 0;
    case 'uint64':
    case 'int64':
      return zero.integer64(row);
    case 'bytes':
      return zero.bytes();
    case 'enum':
      return zero.enumeration;
    default:
      return '';
  }
}

const ENUM_TEXTS = new Map(
  Object.entries(FRAME_ENUM_NUMBERS).map(([type, numbers]) => [
    type,
    new Map(Object.entries(numbers).map(([text, number]) => [number, text])),
  ]),
);

/** The text of an enum number; '' where this build does not know it. */
export function enumText(type: string, number: number): string {
  return ENUM_TEXTS.get(type)?.get(number) ?? '';
}

const FROM_WIRE: Form = {
  zero: { integer64: () => 0n, bytes: () => new Uint8Array(0), enumeration: '' },
  element(row, value) {
    switch (row.kind) {
      case 'uint64':
      case 'int64':
        return bigintOf(value as protobuf.Long);
      case 'enum':
        return enumText(row.type ?? '', value as number);
      default:
        return value;
    }
  },
};

const TO_WIRE: Form = {
  zero: {
    integer64: ({ kind }) => new Long(0, 0, kind === 'uint64'),
    bytes: () => new Uint8Array(0),
    enumeration: 0,
  },
  element(row, value, path) {
    switch (row.kind) {
      case 'uint64':
        return longOf(value as bigint, 0n, UINT64_MAX, path);
      case 'int64':
        return longOf(value as bigint, INT64_MIN, INT64_MAX, path);
      case 'enum': {
        const number = FRAME_ENUM_NUMBERS[row.type ?? '']?.[value as string];
        if (number === undefined) fail(path, 'is not a value of its enum');
        return number;
      }
      default:
        return value;
    }
  },
};

/** Below 2^53 a number is exact, and much cheaper than a bigint made of two halves. */
const HIGH_BITS_OF_SAFE = 2 ** 21;

function bigintOf(value: protobuf.Long): bigint {
  if (value.high >= 0 && value.high < HIGH_BITS_OF_SAFE) {
    return BigInt(value.high * 2 ** 32 + (value.low >>> 0));
  }
  const high = BigInt(value.unsigned ? value.high >>> 0 : value.high);
  return (high << 32n) | BigInt(value.low >>> 0);
}

/** A bigint that reached pbjs as it is would be written as 0; this is the only way to it. */
function longOf(value: bigint, least: bigint, most: bigint, path: Path): protobuf.Long {
  if (typeof value !== 'bigint' || value < least || value > most) {
    fail(path, 'is not an integer in the range of its field');
  }
  const low = Number(BigInt.asIntN(32, value));
  const high = Number(BigInt.asIntN(32, value >> 32n));
  return new Long(low, high, least === 0n);
}

function fail(path: Path, reason: string): never {
  throw new ContractError('wire', [{ path: jsonPath(path), reason }]);
}
