import { type FieldFault, ProblemError } from '#proto/errors.ts';
import type { QueryRule } from '#proto/http/routes.ts';
import { parseUint64 } from '#proto/uint64.ts';
import type { Query } from './handler.ts';

type Value = string | number | bigint;
type Reading = { ok: true; value: Value } | { ok: false; reason: string };

/**
 * Reads a query by its route's rules: unknown names, repeated names and ill-typed values are refused, all at once.
 *
 * @throws ProblemError invalid_request with a fault per parameter (`query.limit`).
 */
export function parseQuery(
  rules: Readonly<Record<string, QueryRule>>,
  parameters: URLSearchParams,
): Query {
  const faults: FieldFault[] = [];
  const values = new Map<string, Value>();
  for (const name of new Set(parameters.keys())) {
    const given = parameters.getAll(name);
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    const reading = rule ? readOnce(rule, given) : no('is not a known parameter');
    if (reading.ok) values.set(name, reading.value);
    else faults.push({ path: `query.${name}`, reason: reading.reason });
  }
  for (const [name, rule] of Object.entries(rules)) {
    if (values.has(name) || parameters.has(name)) continue;
    if ('default' in rule && rule.default !== undefined) values.set(name, rule.default);
    if ('required' in rule && rule.required) {
      faults.push({ path: `query.${name}`, reason: 'is required' });
    }
  }
  if (faults.length > 0)
    throw new ProblemError('invalid_request', 'The query is not valid.', { faults });
  return queryOf(values);
}

function readOnce(rule: QueryRule, given: readonly string[]): Reading {
  const [text] = given;
  if (text === undefined || given.length > 1) return no('is given more than once');
  switch (rule.kind) {
    case 'text':
      if (text.length > rule.lengthMax) return no(`is longer than ${rule.lengthMax} characters`);
      if (rule.pattern && !rule.pattern.test(text)) return no('is malformed');
      return text.includes('\0') ? no('holds a NUL character') : { ok: true, value: text };
    case 'choice':
      if (rule.values.includes(text)) return { ok: true, value: text };
      return no(`must be one of ${rule.values.join(', ')}`);
    case 'integer': {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      if (value >= rule.least && value <= rule.most) return { ok: true, value };
      return no(`must be an integer within ${rule.least} and ${rule.most}`);
    }
    case 'position':
      return readPosition(text);
  }
}

/** A position is compared with an int8 in SQL, so the upper half of uint64 cannot be one. */
const POSITION_MAX = 2n ** 63n - 1n;

function readPosition(text: string): Reading {
  try {
    const value = parseUint64(text);
    if (value <= POSITION_MAX) return { ok: true, value };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return no('must be a decimal string in 0..2^63-1');
}

function no(reason: string): Reading {
  return { ok: false, reason };
}

function queryOf(values: ReadonlyMap<string, Value>): Query {
  return {
    text: (name) => pick(values.get(name), 'string'),
    integer: (name) => pick(values.get(name), 'number'),
    count(name) {
      const value = pick(values.get(name), 'number');
      if (value === undefined) throw new TypeError(`the rule of ${name} has no default`);
      return value;
    },
    position: (name) => pick(values.get(name), 'bigint'),
  };
}

interface ByType {
  string: string;
  number: number;
  bigint: bigint;
}

function pick<T extends keyof ByType>(value: Value | undefined, type: T): ByType[T] | undefined {
  // The check makes the cast true; the compiler cannot follow it through the map of types.
  return typeof value === type ? (value as ByType[T]) : undefined;
}
