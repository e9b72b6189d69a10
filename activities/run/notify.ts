import type { Journal } from '#db/runtime/journal.ts';
import type { RunRow } from '#db/runtime/runs.ts';
import type { Tx } from '#db/transaction.ts';
import type { JsonObject } from '#proto/canonical.ts';
import { parseId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';

/** Tells the owner of a run, on the topic of their notifications; a guest has none. */
export async function notifyOwner(
  tx: Tx,
  journal: Pick<Journal, 'publishIn'>,
  { run_id, user_id }: Pick<RunRow, 'run_id' | 'user_id'>,
  kind: string,
  notices: readonly JsonObject[],
): Promise<{ topic: string; seq: bigint }[]> {
  if (!user_id) return [];
  const topic = topics.userNotifications(parseId('user', user_id));
  return journal.publishIn(
    tx,
    notices.map((notice) => ({
      topic,
      class: 'notifications' as const,
      owner: { user_id },
      kind,
      payload: { run_id, ...notice },
    })),
  );
}
