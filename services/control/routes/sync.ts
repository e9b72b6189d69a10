import { requirePerson } from '../../shared/http/caller.ts';
import type { ControlDeps } from '../control-deps.ts';
import { issueSyncToken } from '../sync/issue-sync-token.ts';
import { counted, idsOf } from './auth.ts';
import type { ControlHandlers } from './handlers.ts';

export function syncHandlers(deps: ControlDeps) {
  return {
    async 'sync.token.issued'({ caller, body, command }) {
      const person = requirePerson(caller);
      await deps.passGate('sync_token_session', person.session_id);
      const ids = { ...idsOf(command), traceparent: deps.tracing.traceparent() };
      const data = await counted(deps.metrics.control_sync_tokens_total, () =>
        issueSyncToken(deps, person, body, ids),
      );
      return { data };
    },
  } satisfies Partial<ControlHandlers>;
}
