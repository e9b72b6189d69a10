import type { JsonValue } from './canonical.ts';
import {
  type DerivedLine,
  ReplayError,
  type ReplayTotals,
  type RuntimeEventLine,
  type SessionEnd,
  type SessionStart,
} from './replay-line.ts';

/** What opens the file: the facts of the first event. */
export function sessionStart(runId: string, first: RuntimeEventLine): SessionStart {
  if (first.event_type !== 'run.created') {
    throw new ReplayError(0, `the log begins with ${first.event_type}, not with run.created`);
  }
  return {
    type: 'SessionStart',
    run_id: runId,
    thread_id: textOr(first.payload['thread_id']),
    objective_hash: textOr(first.payload['objective_hash']),
    work_unit: textOr(first.payload['work_unit']),
    policy_bundle_id: textOr(first.payload['policy_bundle_id']),
  };
}

function textOr(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** The types that `derivedLine` has a line for. */
export const DERIVED_FROM: ReadonlySet<string> = new Set([
  'tool.call',
  'tool.result',
  'verification.finished',
  'payment.settled',
]);

/** The line that follows an event, if its type has one. */
export function derivedLine(event: RuntimeEventLine): DerivedLine | null {
  const { seq, payload } = event;
  const text = (name: string): string => textOr(payload[name]);
  switch (event.event_type) {
    case 'tool.call':
      return {
        type: 'ToolCall',
        seq,
        tool_call_id: text('tool_call_id'),
        tool: text('tool_name'),
        params_hash: text('params_hash'),
      };
    case 'tool.result':
      return {
        type: 'ToolResult',
        seq,
        tool_call_id: text('tool_call_id'),
        tool: text('tool_name'),
        state: text('state'),
        output_hash: text('output_hash'),
        latency_ms: integerOr0(payload['latency_ms']),
        side_effects: Array.isArray(payload['side_effects']) ? payload['side_effects'] : [],
      };
    case 'verification.finished':
      return {
        type: 'Verification',
        seq,
        verification_id: text('verification_id'),
        tier: text('tier'),
        verdict: text('verdict'),
        strength: text('strength'),
        receipt_id: text('receipt_id'),
      };
    case 'payment.settled':
      return {
        type: 'Payment',
        seq,
        rail: text('rail'),
        asset_id: text('asset_id'),
        amount_msats: text('amount_msats'),
        status: text('status'),
      };
    default:
      return null;
  }
}

function integerOr0(value: JsonValue | undefined): number {
  return Number.isSafeInteger(value) ? (value as number) : 0;
}

/** What closes the file: the facts of the last event, and the counts of all. */
export function sessionEnd(
  runId: string,
  last: RuntimeEventLine,
  totals: ReplayTotals,
): SessionEnd {
  if (last.event_type !== 'run.finished') {
    throw new ReplayError(0, `the log ends with ${last.event_type}, not with run.finished`);
  }
  const runStatus = textOr(last.payload['status']);
  return {
    type: 'SessionEnd',
    run_id: runId,
    status: endStatus(runStatus),
    run_status: runStatus,
    reason_class: textOr(last.payload['reason_class']),
    trajectory_hash: last.event_hash,
    totals,
  };
}

function endStatus(runStatus: string): SessionEnd['status'] {
  if (runStatus === 'succeeded') return 'success';
  return runStatus === 'canceled' ? 'cancelled' : 'failure';
}

export function noTotals(): ReplayTotals {
  return { events: 0, tool_calls: 0, tool_results: 0, verifications: 0, payments: 0 };
}

const TOTAL_OF = {
  RuntimeEvent: 'events',
  ToolCall: 'tool_calls',
  ToolResult: 'tool_results',
  Verification: 'verifications',
  Payment: 'payments',
} as const satisfies Record<'RuntimeEvent' | DerivedLine['type'], keyof ReplayTotals>;

export function count(totals: ReplayTotals, line: RuntimeEventLine | DerivedLine): void {
  totals[TOTAL_OF[line.type]] += 1;
}
