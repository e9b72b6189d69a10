import fc from 'fast-check';
import { encodeBase64 } from '../base64.ts';
import { ENUM_NUMBERS, type FieldRow, MESSAGE_FIELDS } from '../gen/tables.ts';

type Fields = Record<string, unknown>;

/** Integers at which implementations go wrong: signs, doubles, halves and ends. */
const UNSIGNED = [
  0n,
  1n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const SIGNED = [0n, -1n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)];

/** Any message of a type in its JSON form: fields that may be left out sometimes are. */
export function messageJson(type: string): fc.Arbitrary<Fields> {
  const rows = MESSAGE_FIELDS[type] ?? [];
  const record = Object.fromEntries(rows.map((row) => [row.name, field(row)]));
  return fc.record(record, { requiredKeys: [] }).map((message) => onlyOneArm(rows, message));
}

/** Of each oneof the first arm that was made stays. */
function onlyOneArm(rows: readonly FieldRow[], message: Fields): Fields {
  const taken = new Set<string>();
  const kept = rows.filter((row) => {
    if (!Object.hasOwn(message, row.name)) return false;
    if (row.oneof === undefined) return true;
    if (taken.has(row.oneof)) return false;
    taken.add(row.oneof);
    return true;
  });
  return Object.fromEntries(kept.map((row) => [row.name, message[row.name]]));
}

function field(row: FieldRow): fc.Arbitrary<unknown> {
  if (row.container === 'list') return fc.array(element(row), { maxLength: 3 });
  if (row.container === 'map') return fc.dictionary(text(), element(row), { maxKeys: 3 });
  return element(row);
}

function text(): fc.Arbitrary<string> {
  return fc.string({ unit: 'grapheme', maxLength: 12 }).filter((value) => value !== '__proto__');
}

function element(row: FieldRow): fc.Arbitrary<unknown> {
  switch (row.kind) {
    case 'string':
      return text();
    case 'bool':
      return fc.boolean();
    case 'double':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'uint32':
      return fc.oneof(fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1), fc.nat());
    case 'int32':
      return fc.oneof(fc.constantFrom(0, -1, -(2 ** 31), 2 ** 31 - 1), fc.integer());
    case 'uint64':
      return fc.oneof(fc.constantFrom(...UNSIGNED), fc.bigInt(0n, 2n ** 64n - 1n)).map(String);
    case 'int64':
      return fc
        .oneof(fc.constantFrom(...SIGNED), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n))
        .map(String);
    case 'bytes':
      return fc.uint8Array({ maxLength: 40 }).map(encodeBase64);
    case 'timestamp':
      // ProtoJSON writes whole seconds without a fraction and we always write three digits, so none is whole here.
      return fc
        .tuple(fc.integer({ min: 0, max: 4_000_000_000 }), fc.integer({ min: 1, max: 999 }))
        .map(([seconds, ms]) => new Date(seconds * 1_000 + ms).toISOString());
    case 'struct':
      return fc
        .dictionary(text(), fc.jsonValue({ maxDepth: 2, stringUnit: 'grapheme' }), { maxKeys: 3 })
        .map(
          // JSON has no negative zero to give back.
          (value) => JSON.parse(JSON.stringify(value)) as unknown,
        );
    case 'enum':
      return fc.constantFrom(...Object.keys(ENUM_NUMBERS[row.type ?? ''] ?? {}));
    case 'message':
      return messageJson(row.type ?? '');
  }
}
