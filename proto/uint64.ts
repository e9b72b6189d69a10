/** 64-bit integers are bigint in code and decimal strings in JSON: amounts in msats, sequences, byte counts. */
export const UINT64_MAX = 2n ** 64n - 1n;
export const INT64_MAX = 2n ** 63n - 1n;
export const INT64_MIN = -(2n ** 63n);

const DECIMAL = /^(0|[1-9][0-9]{0,19})$/;

/** The decimal string of an unsigned 64-bit integer. Throws a RangeError outside its range. */
export function formatUint64(value: bigint): string {
  if (value < 0n || value > UINT64_MAX) throw new RangeError(`${value} is outside 0..2^64-1`);
  return value.toString();
}

/** Reads a decimal string without sign, leading zero or exponent. Throws a RangeError for anything else. */
export function parseUint64(text: string): bigint {
  const value = DECIMAL.test(text) ? BigInt(text) : -1n;
  if (value < 0n || value > UINT64_MAX) {
    throw new RangeError('an unsigned 64-bit integer is a decimal string in 0..2^64-1');
  }
  return value;
}

/**
 * A position or an epoch that a caller names, to be compared with an int8 of the database: the upper half of uint64 lies
 * beyond all of them, and so does its stand-in.
 */
export function clampToInt64(text: string): bigint {
  const value = parseUint64(text);
  return value > INT64_MAX ? INT64_MAX : value;
}
