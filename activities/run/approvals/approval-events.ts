import type { EventDraft } from '#db/runtime/step.ts';

export function approvalResolved(answer: {
  approval_id: string;
  decision: string;
  scope: string;
  resolved_by: string;
  reason: string;
  kind?: string;
  subject?: string;
}): EventDraft {
  const { approval_id, decision, scope, resolved_by, reason, kind, subject } = answer;
  return {
    event_type: 'approval.resolved',
    idempotency_key: `approval:${approval_id}:resolved`,
    payload: {
      approval_id,
      decision,
      scope,
      resolved_by,
      reason,
      ...(kind && { kind, subject: subject ?? '' }),
    },
  };
}

export function approvalSuperseded(approval_id: string, reason: string): EventDraft {
  return {
    event_type: 'approval.superseded',
    idempotency_key: `approval:${approval_id}:superseded`,
    payload: { approval_id, reason },
  };
}
