import { deleteUnreachable, moveFloors } from '#db/runtime/retention.ts';
import { rowsUpTo } from './read-truth.ts';
import type { Stage } from './stage.ts';
import type { WrittenTopic } from './written-topic.ts';

/**
 * Retention as its workflow does it, with a floor of our choice: it moves, then the rows below it go. A run keeps its
 * log. What goes is read before, for the checker has to know what it was.
 */
export async function moveFloor(
  { owner, runtime }: Stage,
  written: WrittenTopic,
  keep: number,
): Promise<void> {
  const [head] = await owner<{ topic_id: bigint; head_seq: bigint; floor_seq: bigint }[]>`
    select topic_id, head_seq, floor_seq from runtime.sync_heads where topic = ${written.topic}`;
  if (!head) return;
  const floorSeq = head.head_seq - BigInt(keep);
  if (floorSeq <= head.floor_seq) return;
  const { topic, epoch } = written;
  const due = { topicId: head.topic_id, topic, epoch, snapshotSeq: 0n, floorSeq };
  await moveFloors(runtime, written.class, [due]);
  if (written.class === 'run_events') return;
  for (const [seq, row] of await rowsUpTo(owner, written, floorSeq)) written.removed.set(seq, row);
  await deleteUnreachable(runtime, written.class);
}
