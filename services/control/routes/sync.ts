import { requirePerson } from '../../shared/http/caller.ts';
import type { ControlDeps } from '../control-deps.ts';
import { commandIds } from '../guards/audit.ts';
import { countAttempt } from '../metrics.ts';
import { createTelemetryCounter } from '../sync/client-telemetry.ts';
import { issueSyncToken } from '../sync/issue-sync-token.ts';
import type { ControlHandlers } from './control-handlers.ts';

export function syncHandlers(deps: ControlDeps) {
  const countTelemetry = createTelemetryCounter(deps.metrics.control_client_telemetry_total);
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

    async 'sync.telemetry.posted'({ caller, body }) {
      await deps.passGate('sync_telemetry_session', requirePerson(caller).session_id);
      for (const event of body.events) countTelemetry(event);
      return { data: { accepted: body.events.length } };
    },
  } satisfies Partial<ControlHandlers>;
}
