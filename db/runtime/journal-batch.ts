/** How steps travel: one call of `runtime.journal_append` for a batch. */
import type { JsonObject, Sha256 } from '#proto/canonical.ts';
import { type ErrorCode, ProblemError } from '#proto/errors.ts';
import { topics } from '#proto/topics.ts';
import { arrayParameter } from '../array-parameter.ts';
import type { Queryable } from '../transaction.ts';
import type { DirtyTopic } from './hint-payload.ts';
import type { AppendedEvent, PreparedStep, StepResult } from './step.ts';

const HASH_DIGITS = 64;

/** A step that was refused by the log's own rules; the others of its batch were not touched. */
export type StepOutcome =
  | { ok: true; result: StepResult; dirty: DirtyTopic[] }
  | { ok: false; problem: ProblemError };

/** The one row that the function answers; see its comment for the index spaces. */
interface BatchRow {
  outcomes: (RefusedOutcome | '')[] | null;
  refused_heads: bigint[] | null;
  run_topics: bigint[];
  run_heads: bigint[];
  seqs: bigint[] | null;
  hashes: string | null;
  replayed: number[] | null;
  summaries: Record<string, { topic: string; topic_id: string; seq: string }[]> | null;
}

type RefusedOutcome = Extract<
  ErrorCode,
  'not_found' | 'idempotency_conflict' | 'run_closed' | 'sequence_conflict'
>;

/** One round trip. Throws what Postgres throws; then nothing of the batch was stored. */
export async function appendBatch(sql: Queryable, steps: PreparedStep[]): Promise<StepOutcome[]> {
  const batch = encode(steps);
  const [row] = await sql<BatchRow[]>`
    select *
    from runtime.journal_append(
      ${batch.runIds}::text[], ${batch.stepRun}::int4[], ${arrayParameter(batch.stepExpected)}::int8[],
      ${sql.json(batch.patches)}::jsonb,
      ${batch.eventStep}::int4[], ${batch.eventType}::text[], ${batch.eventKey}::text[],
      ${batch.sanitized}::int4[], ${batch.eventStart}::int4[], ${batch.eventLength}::int4[],
      ${batch.payloads}::bytea)`;
  if (row === undefined) throw new Error('journal_append answered nothing');
  return decode(steps, batch.stepRun, row);
}

function encode(steps: PreparedStep[]) {
  const runPlace = new Map<string, number>();
  const patches: Record<string, JsonObject> = {};
  const stepRun: number[] = [];
  const stepExpected: (bigint | null)[] = [];
  const eventStep: number[] = [];
  const eventType: string[] = [];
  const eventKey: (string | null)[] = [];
  const sanitized: number[] = [];
  const payloads: Uint8Array[] = [];
  for (const [index, step] of steps.entries()) {
    const place = runPlace.get(step.run_id) ?? runPlace.size + 1;
    runPlace.set(step.run_id, place);
    stepRun.push(place);
    stepExpected.push(step.expected_previous_seq);
    if (step.patch !== null) patches[String(index + 1)] = { ...step.patch } as JsonObject;
    for (const event of step.events) {
      eventStep.push(index + 1);
      eventType.push(event.event_type);
      eventKey.push(event.idempotency_key);
      payloads.push(event.payload);
      if (event.sanitized) sanitized.push(payloads.length);
    }
  }
  return {
    runIds: [...runPlace.keys()],
    ...{ stepRun, stepExpected, patches, eventStep, eventType, eventKey, sanitized },
    ...joinPayloads(payloads),
  };
}

/** One value instead of an array of values: a bytea array travels quoted and escaped, element by element. */
export function joinPayloads(payloads: Uint8Array[]): {
  payloads: Buffer;
  eventStart: number[];
  eventLength: number[];
} {
  let start = 0;
  const eventStart = payloads.map((payload) => {
    const at = start;
    start += payload.length;
    return at;
  });
  return {
    payloads: Buffer.concat(payloads),
    eventStart,
    eventLength: payloads.map((payload) => payload.length),
  };
}

function decode(steps: PreparedStep[], stepRun: number[], row: BatchRow): StepOutcome[] {
  const replayed = new Set(row.replayed ?? []);
  let before = 0;
  return steps.map((step, index) => {
    const firstEvent = before;
    before += step.events.length;
    const run = at(stepRun, index) - 1;
    const refused = row.outcomes?.[index];
    if (refused) return { ok: false, problem: refusal(refused, row.refused_heads?.[index]) };
    const head = at(row.run_heads, run);
    const appended = step.events.map((_event, place) => {
      const event = firstEvent + place;
      const hash: Sha256 = `sha256:${(row.hashes ?? '').slice(event * HASH_DIGITS, (event + 1) * HASH_DIGITS)}`;
      return {
        seq: at(row.seqs ?? [], event),
        event_hash: hash,
        replayed: replayed.has(event + 1),
      };
    });
    const topic = { topic: topics.runEvents(step.run_id), head_seq: head };
    const summaries = (row.summaries?.[step.run_id] ?? []).map((summary) => ({
      topic_id: BigInt(summary.topic_id),
      topic: summary.topic,
      head_seq: BigInt(summary.seq),
    }));
    const dirty = [{ topic_id: at(row.run_topics, run), ...topic }, ...summaries];
    return {
      ok: true,
      dirty,
      result: {
        events: inDraftOrder(step, appended),
        head_seq: head,
        positions: dirty.map((one) => ({ topic: one.topic, seq: one.head_seq })),
      },
    };
  });
}

/** An event that stands twice in its step was appended once; the second is a replay of the first. */
function inDraftOrder(step: PreparedStep, appended: AppendedEvent[]): AppendedEvent[] {
  const seen = new Set<number>();
  return step.places.map((place) => {
    const event = at(appended, place);
    const repeated = seen.has(place);
    seen.add(place);
    return repeated ? { ...event, replayed: true } : event;
  });
}

function at<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new Error('journal_append answered less than it was asked');
  return value;
}

function refusal(outcome: RefusedOutcome, head: bigint | undefined): ProblemError {
  switch (outcome) {
    case 'not_found':
      return new ProblemError('not_found', 'no such run');
    case 'idempotency_conflict':
      return new ProblemError(outcome, 'an idempotency key was used with another event');
    case 'run_closed':
      return new ProblemError(outcome, 'the log ends with run.finished');
    case 'sequence_conflict':
      return new ProblemError(outcome, `the log stands at ${head}`, {
        ...(head === undefined ? {} : { currentSeq: head }),
      });
  }
}
