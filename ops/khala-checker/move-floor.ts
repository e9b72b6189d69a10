import type { Sql } from '#db/connect.ts';
import { rowsUpTo } from './read-truth.ts';
import type { WrittenTopic } from './written-topic.ts';

/**
 * Retention as its workflow does it: the floor moves in the transaction that makes the rows unreachable. A run keeps
 * its log. What goes is read first, for the checker has to know what it was.
 */
export async function moveFloor(owner: Sql, written: WrittenTopic, keep: number): Promise<void> {
  await owner.begin(async (tx) => {
    const [head] = await tx<{ topic_id: bigint; head_seq: bigint; floor_seq: bigint }[]>`
      select topic_id, head_seq, floor_seq from runtime.sync_heads where topic = ${written.topic}`;
    if (!head) return;
    const floorSeq = head.head_seq - BigInt(keep);
    if (floorSeq <= head.floor_seq) return;
    await tx`
      update runtime.sync_topics set floor_seq = ${floorSeq}, head_seq = greatest(head_seq, ${floorSeq})
      where topic_id = ${head.topic_id}`;
    if (written.class === 'run_events') return;
    const removed = await rowsUpTo(tx, written, floorSeq);
    await tx`
      delete from runtime.sync_events
      where topic_id = ${head.topic_id} and class = ${written.class} and seq <= ${floorSeq}`;
    for (const [seq, row] of removed) written.removed.set(seq, row);
  });
}
