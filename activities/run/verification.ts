import { transaction } from '#db/transaction.ts';
import { parseId } from '#proto/ids.ts';
import type { RunActivities } from '#workflows/run/ports.ts';
import { derivedId } from '../shared/derived-id.ts';
import type { RuntimeActivityDeps } from './deps.ts';
import { phaseChanged, turnFinished } from './events.ts';

export function createBeginVerification({
  sql,
  journal,
}: RuntimeActivityDeps): RunActivities['beginVerification'] {
  return async function beginVerification({ run_id, turn_end, attempt, tier, patch }) {
    const verification_id = derivedId('verification', run_id, attempt);
    await transaction(sql, (tx) =>
      journal.appendIn(tx, {
        run_id: parseId('run', run_id),
        origin: 'platform',
        events: [
          ...turnFinished(turn_end),
          phaseChanged('verifying', `attempt ${attempt}`, `verifying:${attempt}`),
          {
            event_type: 'verification.started',
            idempotency_key: `verification:${attempt}:started`,
            payload: { verification_id, tier, attempt },
          },
        ],
        patch: { phase: 'verifying', patch },
      }),
    );
    return { verification_id };
  };
}
