import type { JsonObject, JsonValue } from '#proto/canonical.ts';

/** NUL is refused by Postgres's text and by most terminals; a lone surrogate has no UTF-8. Both say "unreadable". */
const REPLACEMENT = '\uFFFD';

/** The same value where every string is storable, and whether anything had to be replaced. */
export function sanitizeJson(value: JsonValue): { value: JsonValue; changed: boolean } {
  const result = sanitize(value);
  return { value: result, changed: result !== value };
}

/** Returns `value` itself when nothing changed, so that clean payloads cost no copy. */
function sanitize(value: JsonValue): JsonValue {
  if (typeof value === 'string') return sanitizeText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map(sanitize);
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  return sanitizeObject(value);
}

function sanitizeObject(object: JsonObject): JsonObject {
  let changed = false;
  const entries = Object.entries(object).map(([key, value]) => {
    const entry: [string, JsonValue] = [sanitizeText(key), sanitize(value)];
    changed ||= entry[0] !== key || entry[1] !== value;
    return entry;
  });
  return changed ? Object.fromEntries(entries) : object;
}

function sanitizeText(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', REPLACEMENT) : wellFormed;
}
