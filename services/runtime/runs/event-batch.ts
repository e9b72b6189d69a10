import type { JsonObject } from '#proto/canonical.ts';
import type { FieldFault } from '#proto/errors.ts';
import type {
  AppendEventsOfRunsRequest,
  AppendRunEventsRequest,
  RunEventBatch,
  RunEventDraft,
} from '#proto/gen/types.ts';
import { parseUint64 } from '#proto/uint64.ts';
import type { Validation } from '#proto/validate.ts';

const EVENTS_MAX = 500;
const BATCHES_MAX = 64;
const RUN_ID_LENGTH_MAX = 160;
const KEY_LENGTH_MAX = 255;
const FAULTS_MAX = 32;

/**
 * The strict reading of `AppendRunEventsRequest`, written by hand because a busy run sends thousands of events a second.
 * It checks shape alone; the journal checks types, sizes and text as it makes each payload canonical. A test holds it
 * against the generated validator.
 */
export function readEventBatch(value: unknown): Validation<AppendRunEventsRequest> {
  const { faults, fault } = faultList();
  if (!isObject(value)) return { ok: false, faults: [{ path: '$', reason: 'must be an object' }] };
  for (const name of Object.keys(value)) {
    if (name !== 'events' && name !== 'expected_previous_seq') fault(`$.${name}`, UNKNOWN);
  }
  const { events, expected_previous_seq: expected } = value;
  if (expected !== undefined && !isPosition(expected)) {
    fault('$.expected_previous_seq', 'must be a decimal string in 0..2^64-1');
  }
  checkList(events, '$.events', EVENTS_MAX, fault, checkDraft);
  if (faults.length > 0) return { ok: false, faults };
  return {
    ok: true,
    value: {
      events: (events as Partial<RunEventDraft>[]).map(filled),
      ...(typeof expected === 'string' && { expected_previous_seq: expected }),
    },
  };
}

/** The same of `AppendEventsOfRunsRequest`. */
export function readEventBatches(value: unknown): Validation<AppendEventsOfRunsRequest> {
  const { faults, fault } = faultList();
  if (!isObject(value)) return { ok: false, faults: [{ path: '$', reason: 'must be an object' }] };
  for (const name of Object.keys(value)) if (name !== 'batches') fault(`$.${name}`, UNKNOWN);
  const { batches } = value;
  checkList(batches, '$.batches', BATCHES_MAX, fault, checkBatch);
  if (faults.length > 0) return { ok: false, faults };
  return {
    ok: true,
    value: {
      batches: (batches as Partial<RunEventBatch>[]).map(({ run_id = '', events = [] }) => ({
        run_id,
        events: events.map(filled),
      })),
    },
  };
}

const UNKNOWN = 'is not a known field';

type Fault = (path: string, reason: string) => void;

function faultList(): { faults: FieldFault[]; fault: Fault } {
  const faults: FieldFault[] = [];
  return {
    faults,
    fault(path, reason) {
      if (faults.length < FAULTS_MAX) faults.push({ path, reason });
    },
  };
}

function checkList(
  list: unknown,
  path: string,
  countMax: number,
  fault: Fault,
  check: (item: unknown, path: string, fault: Fault) => void,
): void {
  if (!Array.isArray(list)) fault(path, list === undefined ? 'is required' : 'must be a list');
  else if (list.length === 0) fault(path, 'must NOT have fewer than 1 items');
  else if (list.length > countMax) fault(path, `must NOT have more than ${countMax} items`);
  else for (const [index, item] of list.entries()) check(item, `${path}[${index}]`, fault);
}

function checkBatch(batch: unknown, path: string, fault: Fault): void {
  if (!isObject(batch)) {
    fault(path, 'must be an object');
    return;
  }
  const { run_id: runId, events } = batch;
  if (typeof runId !== 'string') {
    fault(`${path}.run_id`, runId === undefined ? 'is required' : 'must be a string');
  } else if (runId.length > RUN_ID_LENGTH_MAX) {
    fault(`${path}.run_id`, `must NOT have more than ${RUN_ID_LENGTH_MAX} characters`);
  }
  checkList(events, `${path}.events`, EVENTS_MAX, fault, checkDraft);
  for (const name in batch) {
    if (name !== 'run_id' && name !== 'events') fault(`${path}.${name}`, UNKNOWN);
  }
}

function checkDraft(draft: unknown, path: string, fault: Fault): void {
  if (!isObject(draft)) {
    fault(path, 'must be an object');
    return;
  }
  const { event_type, payload, idempotency_key } = draft;
  if (typeof event_type !== 'string') {
    fault(`${path}.event_type`, event_type === undefined ? 'is required' : 'must be a string');
  }
  if (payload !== undefined && !isObject(payload)) fault(`${path}.payload`, 'must be an object');
  if (idempotency_key !== undefined) {
    if (typeof idempotency_key !== 'string') fault(`${path}.idempotency_key`, 'must be a string');
    else if (idempotency_key.length > KEY_LENGTH_MAX) {
      fault(`${path}.idempotency_key`, `must NOT have more than ${KEY_LENGTH_MAX} characters`);
    }
  }
  for (const name in draft) {
    if (name !== 'event_type' && name !== 'payload' && name !== 'idempotency_key') {
      fault(`${path}.${name}`, UNKNOWN);
    }
  }
}

function filled({ event_type = '', payload = {}, idempotency_key = '' }: Partial<RunEventDraft>) {
  return { event_type, payload, idempotency_key };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPosition(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  try {
    parseUint64(value);
    return true;
  } catch {
    return false;
  }
}
