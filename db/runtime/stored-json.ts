import type postgres from 'postgres';
import type { JsonObject, JsonValue } from '#proto/canonical.ts';
import type { Queryable } from '../transaction.ts';

/**
 * A document for a jsonb column. Postgres refuses NUL and lone surrogates there, so they become U+FFFD; nothing that is
 * hashed or signed is ever kept this way.
 */
export function storedJson(sql: Queryable, document: JsonObject): postgres.Parameter {
  return sql.json(storable(document) as postgres.JSONValue);
}

function storable(value: JsonValue): JsonValue {
  if (typeof value === 'string') return storableText(value);
  if (Array.isArray(value)) return value.map(storable);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [storableText(name), storable(member)]),
  );
}

function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}
