/**
 * Commands by their key.
 *
 * 1. Of all who come with one key, one holds its lease; the others learn that, or get the stored answer.
 * 2. The seed stays with the key from the first attempt on, so that a later attempt creates the same ids.
 * 3. An answer is stored once and never changes; after its life the key is as new.
 */

import type { TopicPosition } from '#proto/gen/types.ts';
import type { CommandContext } from '#workflows/run/messages.ts';
import type { Sql } from '../connect.ts';
import type { Tx } from '../transaction.ts';
import { insertCommandReceipt } from './command-receipts.ts';

/** An attempt that has not answered by then is taken for dead; longer than any request of ours may last. */
export const COMMAND_LEASE_MS = 30_000;

/** How long a key is remembered after its last attempt; no key of the runtime moves money. */
export const KEY_LIFE_MS = 24 * 3_600_000;

const SWEEP_ROWS = 1_000;

export interface CommandKey {
  principal: string;
  route: string;
  key: string;
}

export interface StoredAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
}

export type Claim =
  | { state: 'claimed'; seed: string }
  | { state: 'answered'; answer: StoredAnswer }
  | { state: 'other_body' }
  | { state: 'in_progress'; retryAfterMs: number };

interface KeyRow {
  fingerprint: string;
  state: 'in_progress' | 'completed';
  reserved_id: string;
  status: number | null;
  headers: Record<string, string> | null;
  body: Buffer | null;
  lease_ms: number;
}

export interface CommandStore {
  claim(key: CommandKey, fingerprint: string, seed: string): Promise<Claim>;
  release(key: CommandKey): Promise<void>;
  complete(
    tx: Tx | null,
    command: {
      context: CommandContext;
      positions: readonly TopicPosition[];
      answer: StoredAnswer | null;
    },
  ): Promise<void>;
  /** Forgets keys whose life is over; returns how many. */
  sweep(): Promise<number>;
}

export function createCommandStore(sql: Sql): CommandStore {
  async function claim(key: CommandKey, fingerprint: string, seed: string): Promise<Claim> {
    // Taken at once where the key is new, its life over, or its holder dead; a dead holder's seed is kept (2).
    const [mine] = await sql<{ reserved_id: string }[]>`
      insert into runtime.idempotency_keys as known
        (principal, route, key, fingerprint, reserved_id, lease_until, expires_at)
      values (${key.principal}, ${key.route}, ${key.key}, ${fingerprint}, ${seed},
        ${inMs(COMMAND_LEASE_MS)}, ${inMs(KEY_LIFE_MS)})
      on conflict (principal, route, key) do update set
        state = 'in_progress', status = null, headers = null, body = null,
        fingerprint = excluded.fingerprint, lease_until = excluded.lease_until, expires_at = excluded.expires_at,
        reserved_id = case when known.expires_at <= clock_timestamp() then excluded.reserved_id
          else known.reserved_id end
      where known.expires_at <= clock_timestamp()
        or (known.state = 'in_progress' and known.lease_until <= clock_timestamp()
          and known.fingerprint = excluded.fingerprint)
      returning reserved_id`;
    if (mine) return { state: 'claimed', seed: mine.reserved_id };
    return held(await read(key), fingerprint);
  }

  async function read({ principal, route, key }: CommandKey): Promise<KeyRow | undefined> {
    const [row] = await sql<KeyRow[]>`
      select fingerprint, state, reserved_id, status, headers, body,
        ceil(extract(epoch from lease_until - clock_timestamp()) * 1000)::int4 as lease_ms
      from runtime.idempotency_keys
      where principal = ${principal} and route = ${route} and key = ${key}`;
    return row;
  }

  return {
    claim,
    async release({ principal, route, key }) {
      await sql`
        update runtime.idempotency_keys set lease_until = date_trunc('milliseconds', clock_timestamp())
        where principal = ${principal} and route = ${route} and key = ${key} and state = 'in_progress'`;
    },
    async complete(tx, { context, positions, answer }) {
      const handle = tx ?? sql;
      await insertCommandReceipt(handle, { ...context, positions });
      if (!answer) return;
      const { principal, route, idempotency_key } = context;
      await handle`
        update runtime.idempotency_keys set state = 'completed', status = ${answer.status},
          headers = ${handle.json(answer.headers)}, body = ${answer.body}, expires_at = ${inMs(KEY_LIFE_MS)}
        where principal = ${principal} and route = ${route} and key = ${idempotency_key}
          and state = 'in_progress'`;
    },
    async sweep() {
      const { count } = await sql`
        delete from runtime.idempotency_keys where ctid in (
          select ctid from runtime.idempotency_keys where expires_at <= clock_timestamp() limit ${SWEEP_ROWS})`;
      return count;
    },
  };

  function inMs(ms: number) {
    return sql`clock_timestamp() + ${`${ms} ms`}::interval`;
  }
}

function held(row: KeyRow | undefined, fingerprint: string): Claim {
  // Swept between the two statements: whoever asks again finds it new.
  if (!row) return { state: 'in_progress', retryAfterMs: 0 };
  if (row.fingerprint !== fingerprint) return { state: 'other_body' };
  if (row.status === null || !row.body) {
    return { state: 'in_progress', retryAfterMs: Math.max(row.lease_ms, 0) };
  }
  return {
    state: 'answered',
    answer: { status: row.status, headers: row.headers ?? {}, body: row.body },
  };
}
