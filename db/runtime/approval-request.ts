import type { ApprovalRow } from './approvals.ts';

/** The question as the log and the person's notifications tell it. */
export function approvalRequest(asked: ApprovalRow) {
  const { approval_id, kind, reason, on_timeout } = asked;
  return {
    approval_id,
    kind,
    subject: subjectText(asked),
    reason,
    expires_at_ms: String(asked.expires_at.getTime()),
    on_timeout,
  };
}

/** What would be done, as one text. */
export function subjectText({ subject, kind }: ApprovalRow): string {
  const text = subject['text'];
  return typeof text === 'string' && text !== '' ? text : kind;
}
