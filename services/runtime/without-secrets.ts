import type { JsonValue } from '#proto/canonical.ts';
import { redactJson } from '#proto/redact.ts';

/**
 * What a caller gave, as it may be kept for ever. The log redacts what it stores; a workflow's history, a run's row and a
 * signed receipt do not, so whatever leads to them passes here first, and all of them say the same.
 */
export function withoutSecrets<T extends object>(given: T): T {
  // Redaction replaces texts by texts and leaves the shape alone.
  return redactJson(given as unknown as JsonValue).value as unknown as T;
}

/** What redaction puts in the place of a secret, but not of an address or a number of a person. */
const SECRET_MARKER = /\[redacted(?::(?!email|phone)[a-z_]+)?\]/;

/** Whether a text, or a field of this name with it, holds a secret. */
export function holdsSecret(text: string, name = ''): boolean {
  const clean = Object.values(withoutSecrets({ [name]: text })).join();
  return clean !== text && SECRET_MARKER.test(clean);
}
