/** The events that the platform writes to a run, each with the key that makes its step idempotent. */

import { findCommandReceipt, insertCommandReceipt } from '#db/runtime/command-receipts.ts';
import type { EventDraft, StepResult } from '#db/runtime/step.ts';
import type { Tx } from '#db/transaction.ts';
import type { JsonObject } from '#proto/canonical.ts';
import type { CommandContext, MessageMode, TopicPosition } from '#workflows/run/messages.ts';
import type { PolicyDecision } from '#workflows/run/policy.ts';
import type { OpenTurn, RecordedStep, TurnEnd } from '#workflows/run/ports.ts';
import type { RunPhase } from '#workflows/run/state.ts';

/** `key` says of which step the decision is part: `create`, `dispatch:1`. */
export function policyDecided(decision: PolicyDecision, key: string): EventDraft {
  const { point, decision: ruling, reason_code, policy_bundle_id, evaluation_hash } = decision;
  return {
    event_type: 'policy.decided',
    idempotency_key: `policy:${key}`,
    payload: { point, decision: ruling, reason_code, policy_bundle_id, evaluation_hash },
  };
}

export function phaseChanged(phase: RunPhase, detail: string, key: string): EventDraft {
  return {
    event_type: 'run.phase_changed',
    idempotency_key: `phase:${key}`,
    payload: { phase, detail },
  };
}

/** A turn of one request ends once, whichever step says so. */
export function turnFinished(end: TurnEnd | null): EventDraft[] {
  if (!end) return [];
  return [
    {
      event_type: 'turn.finished',
      idempotency_key: `turn:finished:${end.request_id}`,
      payload: { ...end },
    },
  ];
}

/** `key` says of which delivery: a turn that is taken up again is told everything again. */
export function messageDelivered(
  delivered: { message_id: string; mode: MessageMode; turn: number },
  key: string,
): EventDraft {
  return {
    event_type: 'message.delivered',
    idempotency_key: `message:${delivered.message_id}:delivered:${key}`,
    payload: { ...delivered },
  };
}

export function interrupted(turn: OpenTurn, reason: string): TurnEnd {
  return { turn: turn.turn, request_id: turn.request_id, status: 'interrupted', reason };
}

/** Interfaces of messages have no index signature; every field of a message is JSON. */
export function asJson<T extends object>(message: T): JsonObject {
  return JSON.parse(JSON.stringify(message)) as JsonObject;
}

export function recorded(
  step: StepResult,
  published: readonly { topic: string; seq: bigint }[] = [],
): RecordedStep {
  const [own] = step.positions;
  if (!own) throw new Error('a step has a position on its own topic');
  return {
    topic: own.topic,
    seq: String(step.events[0]?.seq ?? step.head_seq),
    positions: [...step.positions, ...published].map(positionText),
  };
}

function positionText({ topic, seq }: { topic: string; seq: bigint }): TopicPosition {
  return { topic, seq: String(seq) };
}

/** The command's receipt, in its mutation's transaction; a repeated step answers what the first one stored. */
export async function withCommandReceipt(
  tx: Tx,
  command: CommandContext | null,
  step: RecordedStep,
  isRepeated: boolean,
): Promise<RecordedStep> {
  if (!command) return step;
  await insertCommandReceipt(tx, { ...command, positions: step.positions });
  if (!isRepeated) return step;
  const { audit_id, principal } = command;
  const stored = await findCommandReceipt(tx, { audit_id, principal });
  return stored ? { ...step, positions: [...stored.positions] } : step;
}
