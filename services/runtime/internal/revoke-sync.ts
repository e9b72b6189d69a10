import { insertRevocations, type RevocationTarget } from '#db/runtime/revocations.ts';
import { transaction } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import type { RevokeSyncRequest } from '#proto/gen/types.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';

/** More than a person has sessions; an organisation that loses a member revokes one. */
const TARGETS_MAX = 1_000;

/** Control's word that sessions, devices, users or tokens are over. */
export function revokeSync(deps: RuntimeDeps): RuntimeHandler<'runtime.sync.revoke'> {
  return async function revokeSync({ body, command }) {
    const targets = targetsOf(body);
    if (targets.length === 0 || targets.length > TARGETS_MAX) {
      const reason = `names ${targets.length} targets of 1 to ${TARGETS_MAX}`;
      throw new ProblemError('invalid_request', `The revocation ${reason}.`, {
        faults: [{ path: '$', reason }],
      });
    }
    return transaction(deps.sql, async (tx) => {
      const revoked = await insertRevocations(tx, deps.journal, targets, body.reason, deps.now());
      return command.complete(tx, { data: { revoked } });
    });
  };
}

function targetsOf(body: RevokeSyncRequest): RevocationTarget[] {
  return [
    ...body.session_ids.map((session_id) => ({ session_id })),
    ...body.device_ids.map((device_id) => ({ device_id })),
    ...body.jtis.map((jti) => ({ jti })),
    ...body.user_ids.flatMap((user_id): RevocationTarget[] =>
      body.org_ids.length === 0
        ? [{ user_id }]
        : body.org_ids.map((org_id) => ({ user_id, org_id })),
    ),
  ];
}
