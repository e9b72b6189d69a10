import { typeidUnboxed } from 'typeid-js';
import type { Sha256 } from './sha256.ts';

/** What each prefix names. A new kind of thing gets a line here before it gets a column. */
export const ID_PREFIXES = [
  'run',
  'thread',
  'msg',
  'turn',
  'worker',
  'approval',
  'verification',
  'event',
  'frame',
  'user',
  'org',
  'sess',
  'dev',
  'challenge',
  'tok',
  'req',
  'audit',
  'conn',
  'node',
] as const;

export type IdPrefix = (typeof ID_PREFIXES)[number];

declare const brand: unique symbol;

/** A TypeID: `{prefix}_` and 26 characters of base32, sortable by the time it was minted. */
export type Id<P extends IdPrefix> = string & { readonly [brand]: P };

export type RunId = Id<'run'>;
export type ThreadId = Id<'thread'>;
export type MessageId = Id<'msg'>;
export type WorkerId = Id<'worker'>;
export type ApprovalId = Id<'approval'>;
export type VerificationId = Id<'verification'>;
export type EventId = Id<'event'>;
export type UserId = Id<'user'>;
export type OrgId = Id<'org'>;
export type SessionId = Id<'sess'>;
export type ChallengeId = Id<'challenge'>;
export type TokenId = Id<'tok'>;
export type RequestId = Id<'req'>;
export type AuditId = Id<'audit'>;

/** A client names its own device; a server that must name one mints `dev_…`. */
export type DeviceId = string & { readonly [brand]: 'device' };

const DEVICE_ID_PATTERN = /^[A-Za-z0-9:._-]{1,160}$/;

/** The 128 bits fit 26 base32 digits with two to spare, hence the first digit's range. */
const SUFFIX = '[0-7][0-9a-hjkmnp-tv-z]{25}';

const PATTERNS = new Map<IdPrefix, RegExp>(
  ID_PREFIXES.map((prefix) => [prefix, new RegExp(`^${prefix}_${SUFFIX}$`)]),
);

export class InvalidIdError extends Error {
  override readonly name = 'InvalidIdError';
  readonly kind: string;

  constructor(kind: string) {
    // The text itself stays out: it may be anything a caller sent.
    super(`not a valid ${kind} id`);
    this.kind = kind;
  }
}

/** Mints a TypeID over a UUIDv7. Never in workflow code: ids enter a workflow as input. */
export function newId<P extends IdPrefix>(prefix: P): Id<P> {
  return typeidUnboxed(prefix) as string as Id<P>;
}

export function isId<P extends IdPrefix>(prefix: P, text: unknown): text is Id<P> {
  return typeof text === 'string' && (PATTERNS.get(prefix)?.test(text) ?? false);
}

/** The id in `text`, or InvalidIdError. */
export function parseId<P extends IdPrefix>(prefix: P, text: string): Id<P> {
  if (!isId(prefix, text)) throw new InvalidIdError(prefix);
  return text;
}

export function parseDeviceId(text: string): DeviceId {
  if (!DEVICE_ID_PATTERN.test(text)) throw new InvalidIdError('device');
  return text as DeviceId;
}

/** Content-derived ids carry 24 hex digits everywhere: 96 bits, short enough to read out. */
const CONTENT_ID_HEX = 24;

/** `rr_` and the first 24 hex of the hash: the same content always has the same id. */
export function contentId(prefix: string, sha256: Sha256): string {
  const start = 'sha256:'.length;
  return `${prefix}${sha256.slice(start, start + CONTENT_ID_HEX)}`;
}
