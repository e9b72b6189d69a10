/** How steps travel: one call of `runtime.journal_append` for a batch, one row back per step. */
import type { JsonObject, Sha256 } from '#proto/canonical.ts';
import { type ErrorCode, ProblemError } from '#proto/errors.ts';
import { topics } from '#proto/topics.ts';
import { arrayParameter } from '../array-parameter.ts';
import type { Queryable } from '../transaction.ts';
import type { DirtyTopic } from './hint.ts';
import type { PreparedStep, StepResult } from './step.ts';

/** A step that was refused by the log's own rules; the others of its batch were not touched. */
export type StepOutcome =
  | { ok: true; result: StepResult; dirty: DirtyTopic[] }
  | { ok: false; problem: ProblemError };

interface OutcomeRow {
  outcome: 'ok' | RefusedOutcome;
  topic_id: bigint | null;
  head_seq: bigint | null;
  seqs: bigint[];
  hashes: string[];
  replayed: boolean[];
  summaries: { topic: string; topic_id: string; seq: string }[] | null;
}

type RefusedOutcome = Extract<
  ErrorCode,
  'not_found' | 'idempotency_conflict' | 'run_closed' | 'sequence_conflict'
>;

/** One round trip. Throws what Postgres throws; then nothing of the batch was stored. */
export async function appendBatch(sql: Queryable, steps: PreparedStep[]): Promise<StepOutcome[]> {
  const batch = encode(steps);
  const rows = await sql<OutcomeRow[]>`
    select outcome, topic_id, head_seq, seqs, hashes, replayed, summaries
    from runtime.journal_append(
      ${batch.runIds}::text[], ${batch.stepRun}::int4[], ${arrayParameter(batch.stepExpected)}::int8[],
      ${sql.json(batch.patches)}::jsonb,
      ${batch.eventStep}::int4[], ${batch.eventType}::text[], ${batch.eventKey}::text[],
      ${batch.sanitized}::int4[], ${batch.eventStart}::int4[], ${batch.eventLength}::int4[],
      ${batch.payloads}::bytea)`;
  return steps.map((step, index) => outcomeOf(step, rows[index]));
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

function outcomeOf(step: PreparedStep, row: OutcomeRow | undefined): StepOutcome {
  if (row === undefined) throw new Error('journal_append answered fewer rows than steps');
  if (row.outcome !== 'ok') return { ok: false, problem: refusal(row.outcome, row.head_seq) };
  const { topic_id: topicId, head_seq: head } = row;
  if (topicId === null || head === null) throw new Error('journal_append lost a run of its batch');
  const topic = topics.runEvents(step.run_id);
  const summaries = (row.summaries ?? []).map((summary) => ({
    topic: summary.topic,
    topic_id: BigInt(summary.topic_id),
    seq: BigInt(summary.seq),
  }));
  return {
    ok: true,
    result: {
      events: readEvents(step, row),
      head_seq: head,
      positions: [{ topic, seq: head }, ...summaries.map(({ topic, seq }) => ({ topic, seq }))],
    },
    dirty: [
      { topic_id: topicId, topic, head_seq: head },
      ...summaries.map(({ topic, topic_id, seq }) => ({ topic, topic_id, head_seq: seq })),
    ],
  };
}

function readEvents(step: PreparedStep, row: OutcomeRow): StepResult['events'] {
  const seen = new Set<number>();
  return step.places.map((place) => {
    const seq = row.seqs[place];
    if (seq === undefined) throw new Error('journal_append answered fewer events than asked');
    const repeated = seen.has(place);
    seen.add(place);
    const hash: Sha256 = `sha256:${row.hashes[place]}`;
    return { seq, event_hash: hash, replayed: repeated || row.replayed[place] === true };
  });
}

function refusal(outcome: RefusedOutcome, head: bigint | null): ProblemError {
  switch (outcome) {
    case 'not_found':
      return new ProblemError('not_found', 'no such run');
    case 'idempotency_conflict':
      return new ProblemError(outcome, 'an idempotency key was used with another event');
    case 'run_closed':
      return new ProblemError(outcome, 'the log ends with run.finished');
    case 'sequence_conflict':
      return new ProblemError(outcome, `the log stands at ${head}`, {
        ...(head === null ? {} : { currentSeq: head }),
      });
  }
}
