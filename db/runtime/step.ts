import { CanonicalError, canonicalBytes, type JsonValue, type Sha256 } from '#proto/canonical.ts';
import { ProblemError } from '#proto/errors.ts';
import type {
  ArtifactRef,
  RunPhase,
  RunStatus,
  TerminalReasonClass,
  Verdict,
} from '#proto/gen/types.ts';
import type { RunId, WorkerId } from '#proto/ids.ts';
import { TOPIC_POLICY } from '#proto/topics.ts';
import { isEventType, isReservedEventType } from './event-types.ts';
import { sanitizeJson } from './sanitize.ts';

export interface EventDraft {
  event_type: string;
  payload: JsonValue;
  /** Unique per run: the same key with the same event is answered with the stored one. */
  idempotency_key?: string;
}

/** What a step changes in the run's read model. Absent keys stay as they are. */
export interface RunPatch {
  status?: RunStatus;
  phase?: RunPhase;
  worker_id?: WorkerId | null;
  policy_bundle_id?: string;
  verdict?: Verdict;
  receipt_id?: string;
  patch?: ArtifactRef;
  replay?: ArtifactRef;
  bundle?: ArtifactRef;
  turns?: number;
  recoveries?: number;
  terminal_reason_class?: TerminalReasonClass;
  terminal_reason?: string;
}

/** One step is one transaction: all of it or nothing. */
export interface StepDraft {
  run_id: RunId;
  /** May be empty where a patch only names what was derived from the log, as replay and bundle. */
  events: EventDraft[];
  /** `public` is bound by rate, batch size and reserved types. */
  origin: 'platform' | 'public';
  expected_previous_seq?: bigint;
  patch?: RunPatch;
}

export interface AppendedEvent {
  seq: bigint;
  event_hash: Sha256;
  replayed: boolean;
}

export interface TopicPosition {
  topic: string;
  seq: bigint;
}

export interface StepResult {
  /** In the order of the draft. */
  events: AppendedEvent[];
  head_seq: bigint;
  /** The run's own topic first, then the summary topics that moved. */
  positions: TopicPosition[];
}

export type Redact = (value: JsonValue) => { value: JsonValue; redacted: string[] };

export interface PreparedEvent {
  event_type: string;
  idempotency_key: string | null;
  sanitized: boolean;
  payload: Uint8Array;
}

export interface PreparedStep {
  run_id: RunId;
  expected_previous_seq: bigint | null;
  patch: RunPatch | null;
  events: PreparedEvent[];
  /** Per drafted event its place in `events`; a key repeated within the step points at the first. */
  places: number[];
  bytes: number;
}

/** One page of the public append; the platform's own steps are far smaller. */
export const STEP_EVENTS_MAX = 500;
export const STEP_BYTES_MAX = 1_048_576;
/** What the contract allows a host, and the room that its keys get. */
const KEY_LENGTH_MAX = 260;

/**
 * Checks a step, redacts it and gives its payloads their stored form.
 * Throws ProblemError: invalid_request, reserved_event_type, payload_too_large, idempotency_conflict.
 */
export function prepareStep(step: StepDraft, redact: Redact): PreparedStep {
  if (step.events.length > STEP_EVENTS_MAX) {
    throw new ProblemError('payload_too_large', `a step has at most ${STEP_EVENTS_MAX} events`);
  }
  const events: PreparedEvent[] = [];
  const places: number[] = [];
  const placeOfKey = new Map<string, number>();
  let bytes = 0;
  for (const [index, draft] of step.events.entries()) {
    const event = prepareEvent(draft, step.origin, `$.events[${index}]`, redact);
    const earlier = placeOfKey.get(draft.idempotency_key ?? '');
    if (draft.idempotency_key !== undefined && earlier !== undefined) {
      assertSameEvent(events[earlier], event);
      places.push(earlier);
      continue;
    }
    if (draft.idempotency_key !== undefined) placeOfKey.set(draft.idempotency_key, events.length);
    places.push(events.length);
    events.push(event);
    bytes += event.payload.length;
  }
  if (bytes > STEP_BYTES_MAX) {
    throw new ProblemError('payload_too_large', `a step has at most ${STEP_BYTES_MAX} bytes`);
  }
  return {
    run_id: step.run_id,
    expected_previous_seq: step.expected_previous_seq ?? null,
    patch: step.patch ? storedPatch(step.patch, redact) : null,
    events,
    places,
    bytes,
  };
}

function prepareEvent(
  draft: EventDraft,
  origin: StepDraft['origin'],
  path: string,
  redact: Redact,
): PreparedEvent {
  const { event_type, idempotency_key } = draft;
  if (!isEventType(event_type)) throw invalid(`${path}.event_type`, 'is not an event type');
  if (origin === 'public' && isReservedEventType(event_type)) {
    throw new ProblemError('reserved_event_type', `${event_type} is written by the platform only`, {
      faults: [{ path: `${path}.event_type`, reason: 'is reserved' }],
    });
  }
  if (idempotency_key !== undefined && !isKey(idempotency_key)) {
    throw invalid(`${path}.idempotency_key`, `is not a text of 1 to ${KEY_LENGTH_MAX} characters`);
  }
  const stored = storedForm(draft.payload, `${path}.payload`, redact);
  const { payloadBytesMax } = TOPIC_POLICY.run_events;
  if (stored.payload.length > payloadBytesMax) {
    throw new ProblemError('payload_too_large', `an event has at most ${payloadBytesMax} bytes`, {
      faults: [{ path: `${path}.payload`, reason: `has ${stored.payload.length} bytes` }],
    });
  }
  return { event_type, idempotency_key: idempotency_key ?? null, ...stored };
}

/** Replaces what cannot be stored, redacts, and writes canonical bytes. Throws ProblemError invalid_request. */
export function storedForm(
  payload: JsonValue,
  path: string,
  redact: Redact,
): { payload: Uint8Array; sanitized: boolean } {
  try {
    const clean = sanitizeJson(payload);
    const { value, redacted } = redact(clean.value);
    return {
      payload: canonicalBytes(value, { floats: true }),
      sanitized: clean.changed || redacted.length > 0,
    };
  } catch (error) {
    if (!(error instanceof CanonicalError)) throw error;
    throw invalid(error.path.replace('$', path), error.reason);
  }
}

/** The reason is free text and stands in the read model as it stands in the log. */
function storedPatch(patch: RunPatch, redact: Redact): RunPatch {
  if (patch.terminal_reason === undefined) return patch;
  const { value } = redact(sanitizeJson(patch.terminal_reason).value);
  return { ...patch, terminal_reason: String(value) };
}

function assertSameEvent(earlier: PreparedEvent | undefined, event: PreparedEvent): void {
  const same =
    earlier?.event_type === event.event_type &&
    Buffer.compare(earlier.payload, event.payload) === 0;
  if (!same) {
    throw new ProblemError(
      'idempotency_conflict',
      'an idempotency key stands twice in this batch, with different events',
    );
  }
}

function isKey(text: string): boolean {
  return (
    text.length >= 1 && text.length <= KEY_LENGTH_MAX && text.isWellFormed() && !text.includes('\0')
  );
}

function invalid(path: string, reason: string): ProblemError {
  return new ProblemError('invalid_request', `${path} ${reason}`, { faults: [{ path, reason }] });
}
