import { CanonicalError, canonicalJson, type JsonObject, type JsonValue } from './canonical.ts';
import type { Sha256 } from './sha256.ts';

export const REPLAY_VERSION = 1;

export interface ReplayHeader {
  type: 'ReplayHeader';
  replay_version: number;
  /** The program that wrote the file. */
  producer: string;
  /** When the run ended, so that writing the file again gives the same bytes. */
  created_at_ms: number;
}

export interface SessionStart {
  type: 'SessionStart';
  run_id: string;
  thread_id: string;
  objective_hash: string;
  work_unit: string;
  policy_bundle_id: string;
}

export interface RuntimeEventLine {
  type: 'RuntimeEvent';
  seq: number;
  event_type: string;
  payload: JsonObject;
  payload_hash: Sha256;
  event_hash: Sha256;
  recorded_at_ms: number;
  sanitized: boolean;
}

export interface ToolCallLine {
  type: 'ToolCall';
  seq: number;
  tool_call_id: string;
  tool: string;
  params_hash: string;
}

export interface ToolResultLine {
  type: 'ToolResult';
  seq: number;
  tool_call_id: string;
  tool: string;
  state: string;
  output_hash: string;
  latency_ms: number;
  side_effects: JsonValue[];
}

export interface VerificationLine {
  type: 'Verification';
  seq: number;
  verification_id: string;
  tier: string;
  verdict: string;
  strength: string;
  receipt_id: string;
}

export interface PaymentLine {
  type: 'Payment';
  seq: number;
  rail: string;
  asset_id: string;
  amount_msats: string;
  status: string;
}

export interface ReplayTotals {
  events: number;
  tool_calls: number;
  tool_results: number;
  verifications: number;
  payments: number;
}

export interface SessionEnd {
  type: 'SessionEnd';
  run_id: string;
  status: 'success' | 'failure' | 'cancelled';
  run_status: string;
  reason_class: string;
  trajectory_hash: Sha256;
  totals: ReplayTotals;
}

export type DerivedLine = ToolCallLine | ToolResultLine | VerificationLine | PaymentLine;

export type ReplayLine = ReplayHeader | SessionStart | RuntimeEventLine | DerivedLine | SessionEnd;

/** A replay file is not what it claims. `line` counts from 1; 0 is the file as a whole. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError';
  readonly line: number;
  readonly reason: string;

  constructor(line: number, reason: string) {
    super(line === 0 ? reason : `line ${line}: ${reason}`);
    this.line = line;
    this.reason = reason;
  }
}

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const integer: Check = (value) => Number.isSafeInteger(value);
const flag: Check = (value) => typeof value === 'boolean';
const list: Check = (value) => Array.isArray(value);
const object: Check = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The fields of each line type. A reader ignores further ones only in lines that are not derived. */
const FIELDS: Readonly<Record<ReplayLine['type'], Readonly<Record<string, Check>>>> = {
  ReplayHeader: { replay_version: integer, producer: text, created_at_ms: integer },
  SessionStart: {
    run_id: text,
    thread_id: text,
    objective_hash: text,
    work_unit: text,
    policy_bundle_id: text,
  },
  RuntimeEvent: {
    seq: integer,
    event_type: text,
    payload: object,
    payload_hash: text,
    event_hash: text,
    recorded_at_ms: integer,
    sanitized: flag,
  },
  ToolCall: { seq: integer, tool_call_id: text, tool: text, params_hash: text },
  ToolResult: {
    seq: integer,
    tool_call_id: text,
    tool: text,
    state: text,
    output_hash: text,
    latency_ms: integer,
    side_effects: list,
  },
  Verification: {
    seq: integer,
    verification_id: text,
    tier: text,
    verdict: text,
    strength: text,
    receipt_id: text,
  },
  Payment: { seq: integer, rail: text, asset_id: text, amount_msats: text, status: text },
  SessionEnd: {
    run_id: text,
    status: text,
    run_status: text,
    reason_class: text,
    trajectory_hash: text,
    totals: object,
  },
};

/** One line of a replay file: canonical JSON of a known type with all its fields. Throws ReplayError. */
export function readReplayLine(line: string, lineNumber: number): ReplayLine {
  const value = parse(line, lineNumber);
  const type = (value as { type?: unknown } | null)?.type;
  if (!object(value) || typeof type !== 'string' || !Object.hasOwn(FIELDS, type)) {
    throw new ReplayError(lineNumber, 'it is no line of a replay file');
  }
  const fields = value as Record<string, unknown>;
  for (const [name, check] of Object.entries(FIELDS[type as ReplayLine['type']])) {
    if (!check(fields[name])) throw new ReplayError(lineNumber, `${type}.${name} is not valid`);
  }
  // The loop has just checked each field of this type.
  return value as unknown as ReplayLine;
}

function parse(line: string, lineNumber: number): JsonValue {
  try {
    const value = JSON.parse(line) as JsonValue;
    if (canonicalJson(value, { floats: true }) === line) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof CanonicalError)) throw error;
  }
  throw new ReplayError(lineNumber, 'it is not canonical JSON');
}
