/**
 * A mutation and its answer.
 *
 * 1. A key with the same fingerprint has one answer, replayed byte for byte; the key is looked at before any state rule.
 * 2. What a command creates gets its id from the claim, so that a retry after a crash creates the same thing.
 * 3. The receipt, and where the mutation is ours the answer too, are stored in the mutation's own transaction.
 */
import { hashCanonical, type JsonValue } from '#proto/canonical.ts';
import { ProblemError } from '#proto/errors.ts';
import type { CommandReceipt, TopicPosition } from '#proto/gen/types.ts';
import { type Id, type IdPrefix, newId } from '#proto/ids.ts';
import type { CommandContext } from '#workflows/run/messages.ts';
import type { Caller } from './caller.ts';

export const IDEMPOTENCY_KEY_HEADER = 'idempotency-key';
export const IDEMPOTENCY_REPLAYED_HEADER = 'idempotency-replayed';

const KEY_PATTERN = /^[\x21-\x7e]{1,255}$/;

/** An answer as it left, to be sent again unchanged. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface CommandKey {
  readonly principal: string;
  readonly route: string;
  readonly key: string;
}

export type Claim =
  /** Ours now, for the length of a lease. `seed` is the same for every attempt under this key. */
  | { readonly state: 'claimed'; readonly seed: string }
  | { readonly state: 'answered'; readonly answer: StoredAnswer }
  | { readonly state: 'other_body' }
  | { readonly state: 'in_progress'; readonly retryAfterMs: number };

/** Where commands are remembered; one per database plane. `Tx` is that plane's transaction. */
export interface CommandStore<Tx> {
  claim(key: CommandKey, fingerprint: string, seed: string): Promise<Claim>;
  /** Ends a lease without an answer: nothing happened, or what happened is found again by its id. */
  release(key: CommandKey): Promise<void>;
  /** Stores answer (where the command has a key) and receipt; in the mutation's transaction where there is one. */
  complete(
    tx: Tx | null,
    command: {
      context: CommandContext;
      positions: readonly TopicPosition[];
      answer: StoredAnswer | null;
    },
  ): Promise<void>;
}

/** What a handler answers: wire JSON, and where the mutation stands in the topics. */
export interface Answer<T = unknown> {
  readonly status?: number;
  readonly data: T;
  readonly positions?: readonly TopicPosition[];
}

export interface Command<Tx> {
  readonly context: CommandContext;
  /** The id of what this command creates: the same at every attempt. */
  id<P extends IdPrefix>(prefix: P): Id<P>;
  /** Stores receipt and answer in the mutation's transaction; returns the answer to pass on. */
  complete<A extends Answer>(tx: Tx, answer: A): Promise<A>;
}

/** Seed of the ids of one command: the random part of a TypeID. */
export function newSeed(): string {
  return newId('req').slice('req_'.length);
}

export function idFromSeed<P extends IdPrefix>(prefix: P, seed: string): Id<P> {
  return `${prefix}_${seed}` as Id<P>;
}

/** @throws ProblemError idempotency_key_required, invalid_request */
export function requireKey(headers: Headers): string {
  const key = headers.get(IDEMPOTENCY_KEY_HEADER);
  if (key === null) {
    throw new ProblemError('idempotency_key_required', 'This request needs an Idempotency-Key.');
  }
  if (KEY_PATTERN.test(key)) return key;
  const reason = 'must be 1 to 255 visible ASCII characters';
  throw new ProblemError('invalid_request', `The Idempotency-Key ${reason}.`, {
    faults: [{ path: 'header.idempotency-key', reason }],
  });
}

/** What makes two requests the same: method, path, body, and who asks. */
export function fingerprintOf(request: {
  method: string;
  path: string;
  body: unknown;
  caller: Caller;
}): string {
  const { method, path, body, caller } = request;
  const parts = { method, path, body: body as JsonValue, principal: caller.principal };
  return hashCanonical(parts, { floats: true });
}

export function commandReceipt(
  context: CommandContext,
  positions: readonly TopicPosition[],
): CommandReceipt {
  const { request_id, audit_id, principal, fingerprint } = context;
  return { request_id, audit_id, principal, fingerprint, positions: [...positions] };
}

/** The answer's envelope as bytes: data, and the receipt where it answers a mutation. */
export function storedAnswer(
  { status = 200, data, positions = [] }: Answer,
  context: CommandContext | null,
): StoredAnswer {
  const envelope = context ? { data, receipt: commandReceipt(context, positions) } : { data };
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(envelope)),
  };
}
