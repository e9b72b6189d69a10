/**
 * The lenient reader: what answers, events and frames are read with. It runs on the generated tables alone, so that a
 * browser needs neither a schema compiler nor a descriptor library.
 *
 * 1. Unknown fields and unknown enum texts are ignored: an addition breaks no reader.
 * 2. A known field of the wrong type is a fault, named by its JSON path.
 * 3. Absent scalars, enums, lists and maps get their proto3 zero; fields with presence stay absent.
 */
import { ContractError } from './contract-error.ts';
import type { FieldFault } from './errors.ts';
import { ENUM_NUMBERS, type FieldRow, MESSAGE_FIELDS } from './gen/tables.ts';
import type { MessageTypes } from './gen/types.ts';
import { jsonPath } from './json-path.ts';
import { parseTime } from './time.ts';
import { INT64_MAX, INT64_MIN, UINT64_MAX } from './uint64.ts';

export { ContractError } from './contract-error.ts';

export type MessageName = keyof MessageTypes;

/** The message in `value`, by the rules above. Throws ContractError. */
export function readMessage<N extends MessageName>(name: N, value: unknown): MessageTypes[N] {
  const faults: FieldFault[] = [];
  const message = readFields(name, value, [], faults);
  if (faults.length > 0) throw new ContractError(name, faults);
  return message as unknown as MessageTypes[N];
}

/** A message from its parts, zero values filled in: what a server answers is built with this. */
export function messageOf<N extends MessageName>(
  name: N,
  parts: Draft<MessageTypes[N]>,
): MessageTypes[N] {
  return readMessage(name, parts);
}

/** What a writer may leave out at every level. */
export type Draft<T> = T extends (infer Item)[]
  ? Draft<Item>[]
  : T extends object
    ? { [K in keyof T]?: Draft<T[K]> }
    : T;

type Path = (string | number)[];
type Fields = Record<string, unknown>;

/** Beyond this many faults a caller learns nothing more. */
export const FAULTS_MAX = 32;

/** Deepest nesting of our messages is 6; a recursive type would need more, and has none here. */
const MESSAGE_DEPTH_MAX = 32;

function readFields(type: string, value: unknown, path: Path, faults: FieldFault[]): Fields {
  const rows = MESSAGE_FIELDS[type];
  if (rows === undefined) throw new TypeError(`no message ${type}`);
  if (!isObject(value) || path.length > MESSAGE_DEPTH_MAX) {
    fault(faults, path, 'must be an object');
    return {};
  }
  const fields: Fields = {};
  const set = new Set<string>();
  for (const row of rows) {
    const given = Object.hasOwn(value, row.name) ? value[row.name] : undefined;
    if (given === undefined || given === null) {
      if (!row.presence) fields[row.name] = zeroOf(row);
      continue;
    }
    path.push(row.name);
    if (row.oneof !== undefined) {
      if (set.has(row.oneof)) fault(faults, path, `excludes another field of ${row.oneof}`);
      set.add(row.oneof);
    }
    const read = readField(row, given, path, faults);
    if (read !== undefined) fields[row.name] = read;
    path.pop();
  }
  return fields;
}

export function zeroOf(row: FieldRow): unknown {
  if (row.container === 'list') return [];
  if (row.container === 'map') return {};
  switch (row.kind) {
    case 'bool':
      return false;
    case 'double':
    case 'uint32':
    case 'int32':
      return 0;
    case 'uint64':
    case 'int64':
      return '0';
    default:
      return '';
  }
}

function readField(row: FieldRow, value: unknown, path: Path, faults: FieldFault[]): unknown {
  if (row.container === 'list') {
    if (!Array.isArray(value)) return fault(faults, path, 'must be a list');
    return value.map((item, index) => readAt(row, item, path, index, faults));
  }
  if (row.container === 'map') {
    if (!isObject(value)) return fault(faults, path, 'must be an object');
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, readAt(row, item, path, key, faults)]),
    );
  }
  return readElement(row, value, path, faults);
}

function readAt(
  row: FieldRow,
  value: unknown,
  path: Path,
  at: string | number,
  faults: FieldFault[],
): unknown {
  path.push(at);
  const read = readElement(row, value, path, faults);
  path.pop();
  return read;
}

function readElement(row: FieldRow, value: unknown, path: Path, faults: FieldFault[]): unknown {
  switch (row.kind) {
    case 'message':
      return readFields(row.type ?? '', value, path, faults);
    case 'struct':
      return isObject(value) ? value : fault(faults, path, 'must be an object');
    case 'enum':
      if (typeof value !== 'string') return fault(faults, path, 'must be a string');
      return Object.hasOwn(ENUM_NUMBERS[row.type ?? ''] ?? {}, value) ? value : '';
    case 'bool':
      return typeof value === 'boolean' ? value : fault(faults, path, 'must be true or false');
    case 'string':
      return typeof value === 'string' ? value : fault(faults, path, 'must be a string');
    case 'uint64':
    case 'int64': {
      // ProtoJSON lets a reader take a number; it is exact up to 2^53-1, and what is hashed holds times that way.
      const text = Number.isSafeInteger(value) ? String(value) : value;
      const reason = scalarFault(row.kind, text);
      return reason === null ? text : fault(faults, path, reason);
    }
    default: {
      const reason = scalarFault(row.kind, value);
      return reason === null ? value : fault(faults, path, reason);
    }
  }
}

const DECIMAL = /^(0|-?[1-9][0-9]{0,19})$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Why `value` is not a scalar of that kind, or null. The schemas' formats ask here too. */
export function scalarFault(
  kind: 'double' | 'uint32' | 'int32' | 'uint64' | 'int64' | 'bytes' | 'timestamp',
  value: unknown,
): string | null {
  switch (kind) {
    case 'double':
      return Number.isFinite(value) ? null : 'must be a finite number';
    case 'uint32':
      return inRange(value, 0, 2 ** 32 - 1) ? null : 'must be an integer in 0..2^32-1';
    case 'int32':
      return inRange(value, -(2 ** 31), 2 ** 31 - 1) ? null : 'must be an integer in -2^31..2^31-1';
    case 'uint64':
      return isDecimal(value, 0n, UINT64_MAX) ? null : 'must be a decimal string in 0..2^64-1';
    case 'int64':
      return isDecimal(value, INT64_MIN, INT64_MAX)
        ? null
        : 'must be a decimal string in -2^63..2^63-1';
    case 'bytes':
      return typeof value === 'string' && BASE64.test(value) ? null : 'must be base64';
    case 'timestamp':
      return isTime(value) ? null : 'must be a time as 2026-01-31T08:00:00.000Z';
  }
}

function inRange(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function isDecimal(value: unknown, least: bigint, most: bigint): boolean {
  if (typeof value !== 'string' || !DECIMAL.test(value)) return false;
  // Up to 15 digits nothing can be out of range but a sign.
  if (value.length <= 15) return least < 0n || !value.startsWith('-');
  const integer = BigInt(value);
  return integer >= least && integer <= most;
}

function isTime(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  try {
    parseTime(value);
    return true;
  } catch {
    return false;
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fault(faults: FieldFault[], path: Path, reason: string): undefined {
  if (faults.length < FAULTS_MAX) faults.push({ path: jsonPath(path), reason });
  return undefined;
}
