import type postgres from 'postgres';
import type { FaultPoints } from '#proto/fault-points.ts';
import type { Sql } from './connect.ts';
import { createLostConnection } from './lost-connection.ts';

/** A handle inside a transaction: what a function that writes asks for. */
export type Tx = postgres.TransactionSql<{ bigint: bigint }>;

/** Either a pool or a handle inside a transaction: what a function that only reads, or writes one statement, asks for. */
export type Queryable = postgres.ISql<{ bigint: bigint }>;

type AfterCommit = () => void;

const afterCommitOf = new WeakMap<Tx, AfterCommit[]>();
const faultPointsOf = new WeakMap<Sql, FaultPoints>();

/** Transactions of this pool reach `commit` before they commit, and `committed` before anyone hears of it. */
export function reachFaultPoints(sql: Sql, faults: FaultPoints): void {
  faultPointsOf.set(sql, faults);
}

/** The same for a connection of its own beside a pool. */
export function inheritFaultPoints(pool: Sql, connection: Sql): void {
  const faults = faultPointsOf.get(pool);
  if (faults) faultPointsOf.set(connection, faults);
}

/**
 * Runs `fn` in one READ COMMITTED transaction; it commits when `fn` returns and rolls back when it throws.
 * What was registered with `afterCommit` runs once the commit is durable, never after a rollback.
 */
export async function transaction<T>(sql: Sql, fn: (tx: Tx) => Promise<T>): Promise<T> {
  const callbacks: AfterCommit[] = [];
  const faults = faultPointsOf.get(sql);
  const lost = createLostConnection();
  const begun = sql.begin((tx) => {
    const guarded = lost.guard(tx);
    afterCommitOf.set(guarded, callbacks);
    return lost.outlive(
      fn(guarded).then((value) => {
        faults?.reach('commit');
        return { value };
      }),
    );
  });
  begun.catch(lost.happened);
  const result = await begun;
  faults?.reach('committed');
  for (const callback of callbacks) callback();
  return result.value as T;
}

/** Reads one moment: all statements of `fn` see the same commits, and none of them may write. */
export async function readMoment<T>(sql: Sql, fn: (tx: Queryable) => Promise<T>): Promise<T> {
  const { value } = await sql.begin('isolation level repeatable read read only', async (tx) => ({
    value: await fn(tx),
  }));
  return value;
}

/** Defers `callback` until the transaction of `tx` is durable. Throws for a handle that `transaction` did not open. */
export function afterCommit(tx: Tx, callback: AfterCommit): void {
  const callbacks = afterCommitOf.get(tx);
  if (callbacks === undefined) throw new Error('this handle was not opened by transaction()');
  callbacks.push(callback);
}
