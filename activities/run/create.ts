import { storePolicyBundle } from '#db/runtime/receipts.ts';
import { insertRun, type RunOwner } from '#db/runtime/runs.ts';
import { transaction } from '#db/transaction.ts';
import { canonicalBytes } from '#proto/canonical.ts';
import { parseId } from '#proto/ids.ts';
import type { Sha256 } from '#proto/sha256.ts';
import type { RunInput } from '#workflows/run/messages.ts';
import type { RunActivities } from '#workflows/run/ports.ts';
import type { RuntimeActivityDeps } from './deps.ts';
import { asJson, policyDecided, recorded, withCommandReceipt } from './events.ts';

export function createRecordRunCreated({
  sql,
  journal,
}: RuntimeActivityDeps): RunActivities['recordRunCreated'] {
  return async function recordRunCreated({ run, decision }) {
    const run_id = parseId('run', run.run_id);
    const { policy_bundle_id } = decision;
    return transaction(sql, async (tx) => {
      const inserted = insertRun(tx, {
        run_id,
        owner: ownerOf(run),
        org_id: run.org_id ? parseId('org', run.org_id) : null,
        thread_id: parseId('thread', run.thread_id),
        spec: run.spec,
        // Computed by the service that validated the spec.
        objective_hash: run.objective_hash as Sha256,
        policy_bundle_id,
        create_fingerprint: run.command.fingerprint,
        created_at_ms: run.created_at_ms,
      });
      const stored = storePolicyBundle(tx, {
        policy_bundle_id,
        document: canonicalBytes(asJson(run.policy)),
      });
      // Sent one behind the other: whoever started the run waits for this step.
      await Promise.all([inserted, stored]);
      const step = await journal.appendIn(tx, {
        run_id,
        origin: 'platform',
        events: [
          {
            event_type: 'run.created',
            idempotency_key: 'run:created',
            payload: {
              objective_hash: run.objective_hash,
              work_unit: run.spec.work_unit,
              user_id: run.owner.user_id ?? '',
              guest_scope: run.owner.guest_scope ?? '',
              org_id: run.org_id,
              thread_id: run.thread_id,
              policy_bundle_id,
              spec: asJson(run.spec),
            },
          },
          policyDecided(decision, 'create'),
        ],
      });
      const isRepeated = step.events[0]?.replayed === true;
      return withCommandReceipt(tx, run.command, recorded(step), isRepeated);
    });
  };
}

function ownerOf({ owner }: RunInput): RunOwner {
  return owner.user_id === undefined
    ? { guest_scope: owner.guest_scope }
    : { user_id: parseId('user', owner.user_id) };
}
