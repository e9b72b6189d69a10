/**
 * The strict reader, for what callers send: JSON Schema generated from the protos, compiled on first use.
 *
 * 1. Unknown fields, wrong types and broken rules are refused, each with its JSON path.
 * 2. What passes has its proto3 zero values filled in, as the lenient reader does it.
 */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { CanonicalError, canonicalJson, type JsonValue, jsonPath } from './canonical.ts';
import type { FieldFault } from './errors.ts';
import { MESSAGE_SCHEMAS } from './gen/schemas.ts';
import { type FieldRow, MESSAGE_FIELDS } from './gen/tables.ts';
import type { MessageTypes } from './gen/types.ts';
import { ContractError, FAULTS_MAX, type MessageName, readMessage, scalarFault } from './read.ts';

export { ContractError, type Draft, type MessageName, messageOf, readMessage } from './read.ts';

export type Validation<T> = { ok: true; value: T } | { ok: false; faults: FieldFault[] };

/** Checks `value` against the whole contract of message `name`. */
export function validateMessage<N extends MessageName>(
  name: N,
  value: unknown,
): Validation<MessageTypes[N]> {
  const validate = validatorOf(name);
  if (!validate(value)) {
    return { ok: false, faults: faultsOf(validate.errors ?? []) };
  }
  const faults: FieldFault[] = [];
  checkText(name, value as Record<string, unknown>, [], faults);
  if (faults.length > 0) return { ok: false, faults };
  try {
    return { ok: true, value: readMessage(name, value) };
  } catch (error) {
    if (error instanceof ContractError) return { ok: false, faults: [...error.faults] };
    throw error;
  }
}

let schemas: Ajv2020 | undefined;
const validators = new Map<string, ValidateFunction>();

function validatorOf(name: string): ValidateFunction {
  const known = validators.get(name);
  if (known !== undefined) return known;
  schemas ??= compiler();
  const validate = schemas.getSchema(name);
  if (validate === undefined) throw new TypeError(`no message ${name}`);
  validators.set(name, validate);
  return validate;
}

/** Schemas are registered at once and compiled one by one, when a message is first read. */
function compiler(): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    strictRequired: false,
    verbose: true,
  });
  ajv.addFormat('uint64', (text) => scalarFault('uint64', text) === null);
  ajv.addFormat('int64', (text) => scalarFault('int64', text) === null);
  ajv.addFormat('byte', (text) => scalarFault('bytes', text) === null);
  ajv.addFormat('date-time', (text) => scalarFault('timestamp', text) === null);
  for (const [name, schema] of Object.entries(MESSAGE_SCHEMAS)) ajv.addSchema({ ...schema }, name);
  return ajv;
}

function faultsOf(errors: readonly ErrorObject[]): FieldFault[] {
  const faults = new Map<string, FieldFault>();
  for (const error of errors) {
    // The arms inside a oneof are explained by the error of the oneof itself.
    if (/\/oneOf\/\d+/.test(error.schemaPath)) continue;
    const fault = faultOf(error);
    const known = faults.get(fault.path);
    if (known === undefined && faults.size < FAULTS_MAX) faults.set(fault.path, fault);
  }
  return [...faults.values()];
}

function faultOf(error: ErrorObject): FieldFault {
  const path = pointerPath(error.instancePath);
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'additionalProperties':
      path.push(String(params['additionalProperty']));
      return { path: jsonPath(path), reason: 'is not a known field' };
    case 'required':
      path.push(String(params['missingProperty']));
      return { path: jsonPath(path), reason: 'is required' };
    case 'type':
      return { path: jsonPath(path), reason: `must be ${formOf(error, String(params['type']))}` };
    case 'enum': {
      const texts = (params['allowedValues'] as string[]).filter((text) => text !== '');
      return { path: jsonPath(path), reason: `must be one of ${texts.join(', ')}` };
    }
    case 'format':
      return { path: jsonPath(path), reason: `must be ${formOf(error, '')}` };
    case 'oneOf':
      return { path: jsonPath(path), reason: `may set only one of ${armsOf(error).join(', ')}` };
    default: {
      const form = error.keyword === 'pattern' ? formOf(error, '') : '';
      const reason = form === '' ? (error.message ?? 'is not valid') : `must be ${form}`;
      return { path: jsonPath(path), reason };
    }
  }
}

/** The fields of a choice, as the schema of a oneof lists them. */
function armsOf(error: ErrorObject): string[] {
  const { oneOf } = error.parentSchema as { oneOf: { required?: string[] }[] };
  return oneOf.flatMap((arm) => arm.required ?? []);
}

/** A format says more than the type beneath it. */
function formOf(error: ErrorObject, type: string): string {
  const { format } = error.parentSchema as { format?: string };
  return FORMS[format ?? type] ?? '';
}

const FORMS: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a string',
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  uint64: 'a decimal string in 0..2^64-1',
  int64: 'a decimal string in -2^63..2^63-1',
  byte: 'base64',
  'date-time': 'a time as 2026-01-31T08:00:00.000Z',
};

function pointerPath(pointer: string): (string | number)[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/**
 * What JSON Schema cannot say: text must be storable (no NUL, no lone surrogate), and a Struct is bounded. Runs on
 * values that the schema has accepted.
 */
function checkText(
  type: string,
  message: Readonly<Record<string, unknown>>,
  path: (string | number)[],
  faults: FieldFault[],
): void {
  for (const row of MESSAGE_FIELDS[type] ?? []) {
    const value = message[row.name];
    if (value === undefined) continue;
    path.push(row.name);
    if (row.container === 'one') checkElement(row, value, path, faults);
    else {
      const list = row.container === 'list';
      for (const [key, item] of Object.entries(value as object)) {
        path.push(list ? Number(key) : key);
        if (!list) checkString(key, path, faults);
        checkElement(row, item, path, faults);
        path.pop();
      }
    }
    path.pop();
  }
}

function checkElement(
  row: FieldRow,
  value: unknown,
  path: (string | number)[],
  faults: FieldFault[],
): void {
  if (row.kind === 'string') checkString(value as string, path, faults);
  else if (row.kind === 'struct') checkStruct(row, value as JsonValue, path, faults);
  else if (row.kind === 'message') {
    checkText(row.type ?? '', value as Record<string, unknown>, path, faults);
  }
}

function checkString(text: string, path: (string | number)[], faults: FieldFault[]): void {
  if (text.includes('\0')) push(faults, path, 'holds a NUL character');
  else if (!text.isWellFormed()) push(faults, path, 'holds a lone surrogate');
}

function checkStruct(
  row: FieldRow,
  value: JsonValue,
  path: (string | number)[],
  faults: FieldFault[],
): void {
  if (row.anyText) return;
  try {
    const text = canonicalJson(value, { floats: true });
    if (text.includes('\\u0000')) push(faults, path, 'holds a NUL character');
    if (row.bytesMax !== undefined && new TextEncoder().encode(text).length > row.bytesMax) {
      push(faults, path, `is larger than ${row.bytesMax} bytes`);
    }
  } catch (error) {
    if (!(error instanceof CanonicalError)) throw error;
    push(faults, path, `${error.path} ${error.reason}`);
  }
}

function push(faults: FieldFault[], path: (string | number)[], reason: string): void {
  if (faults.length < FAULTS_MAX) faults.push({ path: jsonPath(path), reason });
}
