/**
 * The one canonical form: RFC 8785 JSON behind a gate that refuses what two languages could write differently.
 *
 * 1. Equal values give equal bytes, in every process, in a workflow and in a browser.
 * 2. Nothing is dropped or coerced: what JSON cannot say exactly is refused with the path of the fault.
 */
import canonicalize from 'canonicalize';
import { jsonPath } from './json-path.ts';
import { type Sha256, sha256Of } from './sha256.ts';

export { type Sha256, sha256Of } from './sha256.ts';
export { jsonPath };

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export type JsonObject = { [key: string]: JsonValue };

export interface CanonicalOptions {
  /** Only event payloads allow finite doubles; what is signed or paid never does. */
  floats?: boolean;
}

/** Deeper than any contract of ours, and far from the stack limit of any runtime. */
export const JSON_DEPTH_MAX = 128;

/** A value has no canonical form. `path` is the JSON path of the fault. */
export class CanonicalError extends Error {
  override readonly name = 'CanonicalError';
  readonly path: string;
  readonly reason: string;

  constructor(path: string, reason: string) {
    super(`${path}: ${reason}`);
    this.path = path;
    this.reason = reason;
  }
}

/** RFC 8785 text of `value`. Throws CanonicalError. */
export function canonicalJson(value: JsonValue, options: CanonicalOptions = {}): string {
  const path: (string | number)[] = [];
  assertCanonical(value, options.floats ?? false, path);
  const text = canonicalize(value);
  if (text === undefined) throw new CanonicalError('$', 'is not a JSON value');
  return text;
}

/** UTF-8 bytes of the canonical form: what is hashed, signed and stored. */
export function canonicalBytes(value: JsonValue, options: CanonicalOptions = {}): Uint8Array {
  return encoder.encode(canonicalJson(value, options));
}

/** `sha256:…` over the canonical bytes. */
export function hashCanonical(value: JsonValue, options: CanonicalOptions = {}): Sha256 {
  return sha256Of(canonicalBytes(value, options));
}

const encoder = new TextEncoder();

function assertCanonical(value: unknown, floats: boolean, path: (string | number)[]): void {
  if (path.length > JSON_DEPTH_MAX) fail(path, `is nested deeper than ${JSON_DEPTH_MAX}`);
  switch (typeof value) {
    case 'boolean':
      return;
    case 'string':
      if (!value.isWellFormed()) fail(path, 'holds a lone surrogate');
      return;
    case 'number':
      assertNumber(value, floats, path);
      return;
    case 'object':
      if (value !== null) assertContainer(value, floats, path);
      return;
    default:
      fail(path, `is ${typeof value}, which JSON cannot say`);
  }
}

function assertNumber(value: number, floats: boolean, path: (string | number)[]): void {
  if (!Number.isFinite(value)) fail(path, 'is not a finite number');
  if (Number.isInteger(value)) {
    if (!floats && !Number.isSafeInteger(value)) fail(path, 'is an integer beyond 2^53-1');
  } else if (!floats) {
    fail(path, 'is a fraction; amounts and counts are integers or decimal strings');
  }
}

function assertContainer(value: object, floats: boolean, path: (string | number)[]): void {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      path.push(index);
      assertCanonical(value[index], floats, path);
      path.pop();
    }
    return;
  }
  if (!isPlainObject(value)) fail(path, 'is not a plain object');
  for (const key of Object.keys(value)) {
    path.push(key);
    if (!key.isWellFormed()) fail(path, 'has a name with a lone surrogate');
    assertCanonical((value as Record<string, unknown>)[key], floats, path);
    path.pop();
  }
}

/** A workflow's objects come from another realm, so the prototype is judged by its shape, not by identity. */
function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function fail(path: readonly (string | number)[], reason: string): never {
  throw new CanonicalError(jsonPath(path), reason);
}
