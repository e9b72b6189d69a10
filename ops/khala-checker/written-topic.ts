/** One topic of a workload, its writing, and what its writer knows of it. */
import { createTestRun } from '#db/testing/runs.ts';
import { transaction } from '#db/transaction.ts';
import { newId, type RunId, type UserId } from '#proto/ids.ts';
import { TOPIC_POLICY, type Topic, topics } from '#proto/topics.ts';
import type { Acknowledgement, TrueRow } from './journal-truth.ts';
import type { Stage } from './stage.ts';

export interface WrittenTopic {
  topic: Topic;
  class: 'run_events' | 'codex_worker_events';
  userId: UserId;
  epoch: string;
  acknowledged: Acknowledgement[];
  /** Rows that retention removed, as they were. */
  removed: Map<bigint, TrueRow>;
  /** Rejects where the outcome is unknown: the rows may be there all the same. */
  append(count: number, bytes: number): Promise<void>;
}

export const replayBudgetOf = ({ class: topicClass }: WrittenTopic) =>
  TOPIC_POLICY[topicClass].replayBudgetEvents;

export const headKnownOf = ({ acknowledged }: WrittenTopic) => acknowledged.at(-1)?.headSeq ?? 0n;

/** A run's topic, which is read from its log. */
export async function createRunTopic(stage: Stage, userId: UserId): Promise<WrittenTopic> {
  const { run_id: runId } = await createTestRun(stage.runtime, { user_id: userId });
  return written(stage, topics.runEvents(runId), 'run_events', userId, (count, bytes) =>
    appendToRun(stage, runId, count, bytes),
  );
}

/** A worker's topic, which is read from `sync_events` and loses rows to retention. */
export async function createWorkerTopic(stage: Stage, userId: UserId): Promise<WrittenTopic> {
  const topic = topics.workerEvents(newId('worker'));
  const publish = (count: number, bytes: number) =>
    transaction(stage.runtime, async (tx) => {
      const rows = payloads(count, bytes).map((payload) => ({
        ...{ topic, class: 'codex_worker_events' as const, owner: { user_id: userId } },
        ...{ kind: 'worker.note', payload },
      }));
      const positions = await stage.journal.publishIn(tx, rows);
      return positions.reduce((most, { seq }) => (seq > most ? seq : most), 0n);
    });
  // A topic without a row has no owner, and nobody can join it.
  const headSeq = await publish(1, 16);
  const result = await written(stage, topic, 'codex_worker_events', userId, publish);
  result.acknowledged.push({ headSeq, atMs: Date.now() });
  return result;
}

async function written(
  stage: Stage,
  topic: Topic,
  topicClass: WrittenTopic['class'],
  userId: UserId,
  append: (count: number, bytes: number) => Promise<bigint>,
): Promise<WrittenTopic> {
  const [row] = await stage.owner<{ epoch: string }[]>`
    select epoch from runtime.sync_topics where topic = ${topic}`;
  if (!row) throw new Error(`${topic} has no counter row`);
  const acknowledged: Acknowledgement[] = [];
  return {
    ...{ topic, class: topicClass, userId, epoch: row.epoch, acknowledged, removed: new Map() },
    async append(count, bytes) {
      const headSeq = await append(count, bytes);
      const before = acknowledged.at(-1)?.headSeq ?? 0n;
      acknowledged.push({ headSeq: headSeq > before ? headSeq : before, atMs: Date.now() });
    },
  };
}

async function appendToRun(stage: Stage, runId: RunId, count: number, bytes: number) {
  const events = payloads(count, bytes).map((payload) => ({ event_type: 'text.delta', payload }));
  const result = await stage.journal.append({ run_id: runId, events, origin: 'platform' });
  return result.head_seq;
}

let payloadNumber = 0;

/** Each unlike every other, so that an event under another's position is seen. */
function payloads(count: number, bytes: number) {
  return Array.from({ length: count }, () => {
    payloadNumber += 1;
    return { item_id: 'item', delta: `${payloadNumber} `.padEnd(bytes, 'x') };
  });
}
