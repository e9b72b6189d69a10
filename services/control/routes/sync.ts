import { requirePerson } from '../../shared/http/caller.ts';
import type { ControlDeps } from '../control-deps.ts';
import { commandIds } from '../guards/audit.ts';
import { countAttempt } from '../metrics.ts';
import { issueSyncToken } from '../sync/issue-sync-token.ts';
import type { ControlHandlers } from './control-handlers.ts';

export function syncHandlers(deps: ControlDeps) {
  return {
    async 'sync.token.issued'({ caller, body, command }) {
      const person = requirePerson(caller);
      await deps.passGate('sync_token_session', person.session_id);
      const ids = { ...commandIds(command), traceparent: deps.tracing.traceparent() };
      const data = await countAttempt(deps.metrics.control_sync_tokens_total, () =>
        issueSyncToken(deps, person, body, ids),
      );
      return { data };
    },
  } satisfies Partial<ControlHandlers>;
}
