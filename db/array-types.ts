/**
 * The arrays that our statements pass and read, of one dimension.
 *
 * `postgres.js` would ask each new connection for the server's array types, and a connection that dies in that moment
 * rejects a promise that nobody can catch, which ends the process. These are known without asking, so that a pool survives
 * a server that restarts at any time.
 */
type Element = string | number | bigint | null;

/** Of `pg_type.typarray`, the same on every server. */
const ARRAY_OIDS = { int4: 1007, text: 1009, int8: 1016 } as const;

export const ARRAY_TYPES = {
  int4_array: arrayType(ARRAY_OIDS.int4, Number),
  text_array: arrayType(ARRAY_OIDS.text, String),
  int8_array: arrayType(ARRAY_OIDS.int8, BigInt),
};

function arrayType<T extends Element>(oid: number, parse: (text: string) => T) {
  return {
    to: oid,
    from: [oid],
    serialize: (values: readonly Element[]) => `{${values.map(quoted).join(',')}}`,
    parse: (text: string) => readArray(text, parse),
  };
}

function quoted(value: Element): string {
  return value === null ? 'null' : `"${String(value).replace(/["\\]/g, '\\$&')}"`;
}

/** An element as Postgres prints it: quoted with escapes, or bare. */
const ELEMENT = /"((?:[^"\\]|\\.)*)"|([^,{}"]+)/gsu;

function readArray<T>(text: string, parse: (text: string) => T): (T | null)[] {
  return [...text.matchAll(ELEMENT)].map(([, inQuotes, bare = '']) => {
    if (inQuotes !== undefined) return parse(inQuotes.replace(/\\(.)/gsu, '$1'));
    return bare === 'NULL' ? null : parse(bare);
  });
}
