/**
 * The checker: records of what clients applied, held against each other and against the journal. Pure: the same records
 * and the same journal give the same violations, whoever made them.
 */
import { checkRecord, type RecordOutcome } from './check-record.ts';
import type { JournalTruth } from './journal-truth.ts';
import type { TopicRecord } from './recording.ts';
import type { Violation } from './violation.ts';

/** Records of one reader and topic come in the order of their lives. */
export function check(records: readonly TopicRecord[], journal: JournalTruth): Violation[] {
  const violations = forgotten(journal);
  const livesOf = Map.groupBy(records, ({ reader, topic }) => `${reader} ${topic}`);
  for (const lives of livesOf.values()) {
    let before: { record: TopicRecord; outcome: RecordOutcome } | undefined;
    for (const record of lives) {
      const outcome = checkRecord(record, journal.get(record.topic));
      violations.push(...outcome.violations);
      if (before && record.from === 'stored') {
        violations.push(...betweenLives(before.record, before.outcome, record));
      }
      before = { record, outcome };
    }
  }
  return violations;
}

/**
 * A store may lag after a crash and never after an end in order; it may never lead. A reader that was sent back by
 * SNAPSHOT_REQUIRED may find, after a crash, where it stood before.
 */
function betweenLives(
  earlier: TopicRecord,
  { lastAt, furthestSeq }: RecordOutcome,
  record: TopicRecord,
): Violation[] {
  const { reader, life, topic, begunAt } = record;
  const begunSeq = begunAt?.seq ?? 0n;
  const lastSeq = lastAt?.seq ?? 0n;
  const of = { reader, life, topic };
  if (begunSeq > furthestSeq) {
    const detail = `life ${earlier.life} stood at ${lastSeq}, this one began after ${begunSeq}`;
    return [{ fault: 'lost', ...of, seq: lastSeq + 1n, detail }];
  }
  if (begunSeq < lastSeq && earlier.ending === 'closed') {
    const detail = `life ${earlier.life} ended in order at ${lastSeq}, this one began after ${begunSeq}`;
    return [{ fault: 'doubled', ...of, seq: begunSeq + 1n, detail }];
  }
  return [];
}

/** What the journal acknowledged to a writer and no longer has. */
function forgotten(journal: JournalTruth): Violation[] {
  return [...journal.values()].flatMap(({ topic, headSeq, acknowledged, rows, floorSeq }) => {
    const of = { fault: 'lost' as const, reader: 'journal', life: 0, topic };
    const found: Violation[] = [];
    const acknowledgedSeq = acknowledged.reduce(
      (most, { headSeq: seq }) => (seq > most ? seq : most),
      0n,
    );
    if (acknowledgedSeq > headSeq) {
      const detail = `${acknowledgedSeq} was acknowledged, the head is ${headSeq}`;
      found.push({ ...of, seq: headSeq + 1n, detail });
    }
    for (let seq = floorSeq + 1n; seq <= headSeq; seq += 1n) {
      if (!rows.has(seq)) found.push({ ...of, seq, detail: 'is retained and has no row' });
    }
    return found;
  });
}
