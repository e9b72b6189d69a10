import type { Sql } from '#db/connect.ts';
import { publishSigningKeys } from '#db/runtime/receipts.ts';
import { transaction } from '#db/transaction.ts';
import type { SigningKey } from '#proto/receipt.ts';
import type { NamedKey } from '../shared/service-keys.ts';

/** Publishes every key of the file and answers the one that signs: the first. */
export async function publishReceiptKeys(
  sql: Sql,
  service: string,
  keys: readonly [NamedKey, ...NamedKey[]],
): Promise<SigningKey> {
  await transaction(sql, (tx) =>
    publishSigningKeys(
      tx,
      service,
      keys.map(({ kid, publicJwk }) => ({
        kid,
        service,
        public_jwk: { ...publicJwk, alg: 'EdDSA', use: 'sig' },
      })),
    ),
  );
  const [{ kid, privateKey }] = keys;
  return { kid, service, privateKey };
}
