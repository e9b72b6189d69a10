import { insertRevocations, type RevocationTarget } from '#db/runtime/revocations.ts';
import { transaction } from '#db/transaction.ts';
import type { Authority } from './harness.ts';

/** What the runtime does at control's word. Resolves when it is durable. */
export function revoke(
  { database, journal }: Authority,
  targets: readonly RevocationTarget[],
): Promise<number> {
  return transaction(database.runtime, (tx) =>
    insertRevocations(tx, journal, targets, 'test', Date.now()),
  );
}
