import type { JsonObject, Sha256 } from '#proto/canonical.ts';
import { ROOT_HASH } from '#proto/event-chain.ts';
import type { RunPhase, RunStatus, TerminalReasonClass, Verdict } from '#proto/gen/types.ts';
import {
  applyRunEvent,
  INITIAL_RUN_STATE,
  isTerminal,
  type RunState,
} from '#workflows/run/state.ts';

/** What a run's row says because its log says so. */
export interface RunProjection {
  status: Exclude<RunStatus, ''>;
  phase: RunPhase;
  worker_id: string | null;
  turns: number;
  recoveries: number;
  verdict: Verdict | null;
  terminal_reason_class: TerminalReasonClass;
  terminal_reason: string;
  latest_seq: bigint;
  last_event_hash: Sha256;
  trajectory_hash: Sha256 | null;
  started_at: Date | null;
  terminal_at: Date | null;
  /** Of the last event; null for an empty log. */
  updated_at: Date | null;
}

export interface ProjectedEvent {
  seq: bigint;
  event_type: string;
  payload: JsonObject;
  event_hash: Sha256;
  recorded_at: Date;
}

interface Fold {
  state: RunState;
  attempt: number;
  projection: RunProjection;
}

export interface RunProjector {
  apply(event: ProjectedEvent): void;
  projection(): RunProjection;
}

/** Folds a log from its first event on. Throws IllegalRunTransitionError where the log contradicts itself. */
export function runProjector(): RunProjector {
  let fold: Fold = { state: INITIAL_RUN_STATE, attempt: 0, projection: EMPTY };
  return {
    apply(event) {
      fold = next(fold, event);
    },
    projection: () => fold.projection,
  };
}

const EMPTY: RunProjection = {
  status: 'created',
  phase: '',
  worker_id: null,
  turns: 0,
  recoveries: 0,
  verdict: null,
  terminal_reason_class: '',
  terminal_reason: '',
  latest_seq: 0n,
  last_event_hash: ROOT_HASH,
  trajectory_hash: null,
  started_at: null,
  terminal_at: null,
  updated_at: null,
};

function next(fold: Fold, event: ProjectedEvent): Fold {
  const state = applyRunEvent(fold.state, event.event_type, event.payload);
  const attempt =
    event.event_type === 'verification.started' ? numberOf(event.payload, 'attempt') : fold.attempt;
  return {
    state,
    attempt,
    projection: {
      ...fold.projection,
      ...factsOf(event, fold.projection, attempt),
      ...(isTerminal(state) && {
        terminal_reason_class: state.reason_class,
        terminal_reason: state.reason,
      }),
      status: state.status,
      phase: state.phase ?? '',
      latest_seq: event.seq,
      last_event_hash: event.event_hash,
      updated_at: event.recorded_at,
    },
  };
}

/** What single events add beside the state machine. */
function factsOf(
  { event_type, payload, event_hash, recorded_at }: ProjectedEvent,
  before: RunProjection,
  attempt: number,
): Partial<RunProjection> {
  switch (event_type) {
    case 'run.started':
      return { started_at: before.started_at ?? recorded_at };
    case 'turn.started':
      return { turns: numberOf(payload, 'turn'), worker_id: textOf(payload, 'worker_id') };
    case 'run.executor_lost':
      return { worker_id: null, recoveries: numberOf(payload, 'recovery') };
    case 'verification.finished':
      return { verdict: verdictOf(payload, attempt) };
    case 'run.finished':
      return { trajectory_hash: event_hash, terminal_at: recorded_at };
    default:
      return {};
  }
}

function verdictOf(payload: JsonObject, attempt: number): Verdict {
  return {
    verdict: textOf(payload, 'verdict'),
    tier: textOf(payload, 'tier'),
    strength: textOf(payload, 'strength'),
    receipt_id: textOf(payload, 'receipt_id'),
    sandboxed: payload['sandboxed'] === true,
    attempt,
  };
}

function numberOf(payload: JsonObject, field: string): number {
  const value = payload[field];
  return typeof value === 'number' ? value : 0;
}

function textOf(payload: JsonObject, field: string): string {
  const value = payload[field];
  return typeof value === 'string' ? value : '';
}
