import type { JsonValue } from '#proto/canonical.ts';
import { ProblemError } from '#proto/errors.ts';
import { TOPIC_POLICY, type TopicClass } from '#proto/topics.ts';
import { arrayParameter } from '../array-parameter.ts';
import type { Tx } from '../transaction.ts';
import type { DirtyTopic } from './hint-payload.ts';
import { joinPayloads } from './journal-batch.ts';
import { type Redact, storedForm } from './step.ts';

/** One row of any topic but a run's, whose log is its own journal. */
export interface PublishDraft {
  topic: string;
  class: Exclude<TopicClass, 'run_events'>;
  /** Who may follow the topic; decides when it is created, and never changes. */
  owner: { user_id?: string; org_id?: string };
  kind: string;
  payload: JsonValue;
  /** Summary classes: the document this row carries and its version. */
  doc_key?: string;
  doc_version?: bigint;
}

interface PositionRow {
  topic_id: bigint;
  topic: string;
  seq: bigint;
}

/** Writes the rows and moves their topics' heads. Throws ProblemError invalid_request, payload_too_large. */
export async function publishRows(
  tx: Tx,
  rows: readonly PublishDraft[],
  redact: Redact,
): Promise<DirtyTopic[]> {
  if (rows.length === 0) return [];
  const { payloads, eventStart, eventLength } = joinPayloads(
    rows.map((row, index) => payloadOf(row, `$.rows[${index}].payload`, redact)),
  );
  const column = <T>(of: (row: PublishDraft) => T) => rows.map(of);
  const positions = await tx<PositionRow[]>`
    select topic_id, topic, seq from runtime.journal_publish(
      ${column((row) => row.topic)}::text[], ${column((row) => row.class)}::text[],
      ${column((row) => row.owner.user_id ?? null)}::text[],
      ${column((row) => row.owner.org_id ?? null)}::text[],
      ${column((row) => row.kind)}::text[], ${eventStart}::int4[], ${eventLength}::int4[],
      ${payloads}::bytea, ${column((row) => row.doc_key ?? null)}::text[],
      ${arrayParameter(column((row) => row.doc_version ?? null))}::int8[])`;
  return positions.map(({ topic_id, topic, seq }) => ({ topic_id, topic, head_seq: seq }));
}

function payloadOf(row: PublishDraft, path: string, redact: Redact): Uint8Array {
  const { payload } = storedForm(row.payload, path, redact);
  const { payloadBytesMax } = TOPIC_POLICY[row.class];
  if (payload.length > payloadBytesMax) {
    throw new ProblemError(
      'payload_too_large',
      `a row of class ${row.class} has at most ${payloadBytesMax} bytes`,
      { faults: [{ path, reason: `has ${payload.length} bytes` }] },
    );
  }
  return payload;
}
