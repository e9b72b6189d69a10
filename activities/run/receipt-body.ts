/** The body of a run receipt: what the log holds, counted and named by hash. Everything in it is an integer, a text or a list. */

import { listRunReceipts } from '#db/runtime/receipts.ts';
import { readPayload } from '#db/runtime/run-events.ts';
import { readEventsOfTypes } from '#db/runtime/run-steps.ts';
import type { RunRow } from '#db/runtime/runs.ts';
import { sanitizeJson } from '#db/runtime/sanitize.ts';
import type { Tx } from '#db/transaction.ts';
import { hashCanonical, type JsonObject, type JsonValue } from '#proto/canonical.ts';
import type { FinishRunInput } from '#workflows/run/ports.ts';
import { VERIFICATION_RECEIPT } from '../verification/record.ts';
import { asJson } from './events.ts';
import { integerOf, memberOf, textOf } from './json.ts';

/** A receipt is read by people and sent by mail; the log holds the calls beyond these, under the same trajectory hash. */
export const TOOL_CALLS_MAX = 1_000;

export async function runReceiptBody(
  tx: Tx,
  run: RunRow,
  input: FinishRunInput,
  end: { last_seq: bigint; issued_at_ms: number },
): Promise<JsonObject> {
  const { calls, omitted, latencyMs, usage } = await readWork(tx, run.run_id);
  const verifications = await listRunReceipts(tx, {
    run_id: run.run_id,
    schema: VERIFICATION_RECEIPT,
  });
  const body: JsonObject = {
    status: input.status,
    reason_class: input.reason_class,
    reason: input.reason,
    work_unit: run.work_unit,
    created_at_ms: run.created_at.getTime(),
    finished_at_ms: end.issued_at_ms,
    event_count: Number(end.last_seq),
    first_seq: 1,
    last_seq: Number(end.last_seq),
    turns: run.turns,
    recoveries: run.recoveries,
    metrics: {
      tool_calls: calls.length + omitted,
      tool_latency_ms_total: latencyMs,
      verification_passed: input.verdict?.verdict === 'accepted',
      payments_msats_total: '0',
    },
    tool_calls: calls,
    tool_calls_omitted: omitted,
    verdict: input.verdict ? asJson(input.verdict) : null,
    isolation: !input.verdict ? 'none' : input.verdict.sandboxed ? 'sandboxed' : 'unsandboxed',
    verification: verifications.map(({ receipt_id, receipt }) => ({
      receipt_id,
      ...verificationPart(receipt['body']),
    })),
    patch: input.patch ? asJson(input.patch) : null,
    usage,
    payments: [],
  };
  // jsonb holds no NUL; what is signed must be what can be stored.
  return sanitizeJson(body).value as JsonObject;
}

function verificationPart(body: JsonValue | undefined): JsonObject {
  const field = (name: string): JsonValue =>
    (memberOf(body, name) as JsonValue | undefined) ?? null;
  return {
    verification_id: field('verification_id'),
    verdict: field('verdict'),
    strength: field('strength'),
    attempt: field('attempt'),
    commands: field('commands'),
    isolation: field('isolation'),
    protected_paths_touched: field('protected_paths_touched'),
  };
}

async function readWork(tx: Tx, runId: string) {
  const calls = new Map<string, JsonObject>();
  const usage = emptyUsage();
  let omitted = 0;
  let latencyMs = 0;
  for await (const event of readEventsOfTypes(tx, runId, WORK_EVENTS)) {
    const payload = readPayload(event.payload);
    switch (event.event_type) {
      case 'tool.call':
        if (calls.size < TOOL_CALLS_MAX)
          calls.set(textOf(payload, 'tool_call_id'), callOf(payload));
        else omitted += 1;
        break;
      case 'tool.result': {
        latencyMs += integerOf(payload, 'latency_ms');
        const call = calls.get(textOf(payload, 'tool_call_id'));
        if (call) Object.assign(call, resultOf(payload));
        break;
      }
      case 'usage.recorded':
        addUsage(usage, payload);
        break;
    }
  }
  return {
    calls: [...calls.values()],
    omitted,
    latencyMs,
    usage: Object.fromEntries(Object.entries(usage).map(([name, sum]) => [name, String(sum)])),
  };
}

const WORK_EVENTS = ['tool.call', 'tool.result', 'usage.recorded'];

function callOf(payload: JsonObject): JsonObject {
  return {
    tool_call_id: textOf(payload, 'tool_call_id'),
    tool: textOf(payload, 'tool_name'),
    params_hash:
      textOf(payload, 'params_hash') || hashCanonical(payload['input'] ?? null, { floats: true }),
  };
}

function resultOf(payload: JsonObject): JsonObject {
  const effects = payload['side_effects'];
  return {
    state: textOf(payload, 'state'),
    output_hash: textOf(payload, 'output_hash'),
    latency_ms: integerOf(payload, 'latency_ms'),
    side_effects: Array.isArray(effects)
      ? effects.filter((effect) => typeof effect === 'string')
      : [],
    ...('exit_code' in payload && { exit_code: integerOf(payload, 'exit_code') }),
  };
}

function emptyUsage(): Record<(typeof USAGE_FIELDS)[number], bigint> {
  return {
    input_tokens: 0n,
    cached_input_tokens: 0n,
    output_tokens: 0n,
    reasoning_output_tokens: 0n,
    cost_msats: 0n,
  };
}

const USAGE_FIELDS = [
  'input_tokens',
  'cached_input_tokens',
  'output_tokens',
  'reasoning_output_tokens',
  'cost_msats',
] as const;

function addUsage(usage: ReturnType<typeof emptyUsage>, payload: JsonObject): void {
  for (const field of USAGE_FIELDS) {
    const value = payload[field];
    if (typeof value === 'number' && Number.isSafeInteger(value)) usage[field] += BigInt(value);
    else if (typeof value === 'string' && /^\d{1,20}$/.test(value)) usage[field] += BigInt(value);
  }
}
