/**
 * Takes secrets and personal data out of what is stored or shown: by the name of a field, and by the look of a text.
 * A patch never passes through here; the host flags a suspected secret in one and asks.
 */
import { type JsonObject, type JsonValue, jsonPath } from './canonical.ts';

export interface Redaction<T> {
  value: T;
  /** JSON paths of what was replaced, at most REDACTED_PATHS_MAX of them. */
  redacted: string[];
}

/** Paths tell where to look; a flood of them tells nothing more. */
const REDACTED_PATHS_MAX = 64;

/** Replaces secrets in a JSON value. The value itself is never changed; without a finding it is returned as it is. */
export function redactJson(value: JsonValue): Redaction<JsonValue> {
  const redacted: string[] = [];
  return { value: redactValue(value, [], redacted), redacted };
}

/** Replaces secrets in a text by a marker that names their kind. */
export function redactText(text: string): string {
  return SUSPICIOUS.test(text) ? text.replace(SECRETS, replacement) : text;
}

type Path = (string | number)[];

function redactValue(value: JsonValue, path: Path, redacted: string[]): JsonValue {
  if (typeof value === 'string') {
    const clean = redactText(value);
    if (clean !== value) note(path, redacted);
    return clean;
  }
  if (Array.isArray(value)) return redactArray(value, path, redacted);
  if (typeof value === 'object' && value !== null) return redactObject(value, path, redacted);
  return value;
}

function redactArray(items: JsonValue[], path: Path, redacted: string[]): JsonValue[] {
  let copy: JsonValue[] | undefined;
  for (const [index, item] of items.entries()) {
    path.push(index);
    const clean = redactValue(item, path, redacted);
    path.pop();
    if (clean !== item) {
      copy ??= [...items];
      copy[index] = clean;
    }
  }
  return copy ?? items;
}

function redactObject(fields: JsonObject, path: Path, redacted: string[]): JsonObject {
  let copy: [string, JsonValue][] | undefined;
  const entries = Object.entries(fields);
  for (const [index, [key, item]] of entries.entries()) {
    path.push(key);
    const clean = holdsSecret(key, item) ? hide(path, redacted) : redactValue(item, path, redacted);
    path.pop();
    if (clean !== item) {
      copy ??= [...entries];
      copy[index] = [key, clean];
    }
  }
  return copy === undefined ? fields : Object.fromEntries(copy);
}

const HIDDEN = '[redacted]';

function hide(path: Path, redacted: string[]): string {
  note(path, redacted);
  return HIDDEN;
}

function note(path: Path, redacted: string[]): void {
  if (redacted.length < REDACTED_PATHS_MAX) redacted.push(jsonPath(path));
}

/** Names in snake_case after normalising; `input_tokens` and the like count things and stay. */
const SECRET_NAMES =
  /(^|_)(authorization|password|passwd|passphrase|secret|api_?key|access_?key|private_?key|credentials?|cookie|token|mnemonic|preimage|macaroon|email|phone|phone_number|street_address|postal_address|address)$/;

/** These end like a secret and name none. */
const PUBLIC_NAMES =
  /^(public_key|next_token|page_token|cancellation_token|(ip|mac|bind|listen|server|temporal)_address)$/;

function holdsSecret(key: string, value: JsonValue): boolean {
  if (value === null || typeof value === 'boolean' || value === '' || value === HIDDEN)
    return false;
  const name = key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();
  if (!SECRET_NAMES.test(name) || PUBLIC_NAMES.test(name)) return false;
  return typeof value !== 'number' || name.includes('phone');
}

/** One cheap look that spares clean text, which is nearly all of it, the full search. */
const SUSPICIOUS =
  /[@+]|eyJ|[Bb]earer |-----BEGIN|sk-|[gG][hH][a-z]_|github_pat_|xox|AKIA|AIza|nsec1|:\/\//;

/** Every repetition is bounded, and none can begin again inside its own failure: the search stays linear in the text. */
const SECRETS = new RegExp(
  [
    // The body runs to the next five dashes: a key that was cut off loses what is there of it.
    '(?<private_key>-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[^-]|-(?!----)){0,8192}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?)',
    '(?<jwt>(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,4096}\\.[A-Za-z0-9_-]{8,8192}\\.[A-Za-z0-9_-]{0,4096})',
    '(?<bearer>\\b[Bb]earer +[A-Za-z0-9._~+/=-]{8,4096})',
    '(?<api_key>\\b(?:sk-[A-Za-z0-9_-]{16,256}|gh[a-z]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}|xox[a-z]-[A-Za-z0-9-]{10,255}|AKIA[0-9A-Z]{16}|AIza[A-Za-z0-9_-]{35}|nsec1[a-z0-9]{58})\\b)',
    '(?<=://[^\\s/@:]{1,128}:)(?<url_password>[^\\s/@]{1,256})(?=@)',
    '(?<email>\\b(?!git@)[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\\.){1,8}[A-Za-z]{2,24}\\b)',
    '(?<phone>(?<=^|[\\s"\'(:;,])\\+[1-9](?:[ ().-]{0,2}\\d){7,14}(?!\\d))',
  ].join('|'),
  'g',
);

function replacement(...args: unknown[]): string {
  const groups = args.at(-1) as Record<string, string | undefined>;
  const kind = Object.keys(groups).find((name) => groups[name] !== undefined);
  return `[redacted:${kind}]`;
}
