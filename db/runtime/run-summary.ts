import { hashCanonical, type JsonObject } from '#proto/canonical.ts';
import type { RunSummary } from '#proto/gen/types.ts';
import type { RunRow } from './runs.ts';

/** A summary is shown in lists and capped by its class; the whole text stands in the run. */
const SUMMARY_TEXT_CHARACTERS_MAX = 500;

/**
 * The JSON form of openagents.runtime.v1.RunSummary. `runtime.run_summary` writes the same bytes where steps are
 * appended; a property test holds the two together, so that a client or an auditor can recompute `projection_hash`.
 */
export function runSummaryMessage(row: RunRow): RunSummary {
  const summary = {
    run_id: row.run_id,
    thread_id: row.thread_id,
    status: row.status,
    phase: row.phase,
    user_id: row.user_id ?? '',
    org_id: row.org_id ?? '',
    objective: shortened(row.objective),
    work_unit: row.work_unit,
    worker_id: row.worker_id ?? '',
    latest_seq: row.latest_seq.toString(),
    terminal_reason_class: row.terminal_reason_class,
    terminal_reason: shortened(row.terminal_reason),
    ...(row.verdict && { verdict: { ...row.verdict } }),
    receipt_id: row.receipt_id ?? '',
    created_at: row.created_at.toISOString(),
    ...(row.terminal_at && { terminal_at: row.terminal_at.toISOString() }),
    updated_at: row.updated_at.toISOString(),
  };
  return { ...summary, projection_hash: hashCanonical(summary satisfies JsonObject) };
}

/** By code points, as SQL's `left` counts them. */
function shortened(text: string): string {
  return [...text].slice(0, SUMMARY_TEXT_CHARACTERS_MAX).join('');
}
