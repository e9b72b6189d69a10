import { readRunFor } from '#db/runtime/runs.ts';
import { findWorker } from '#db/runtime/workers.ts';
import type { Queryable } from '#db/transaction.ts';
import type { ParsedTopic } from '#proto/topics.ts';

/** `org_id` is empty for whoever may not read what is the organisation's. */
export interface TopicViewer {
  user_id: string;
  org_id: string;
}

/** Whether a topic is the viewer's own, or of the organisation for which it speaks. */
export async function mayFollow(
  sql: Queryable,
  { user_id, org_id }: TopicViewer,
  topic: ParsedTopic,
): Promise<boolean> {
  switch (topic.entity) {
    case 'user':
      return topic.id === user_id;
    case 'org':
      return org_id !== '' && topic.id === org_id;
    case 'run': {
      const viewer = { user_id, ...(org_id && { org_id }) };
      return (await readRunFor(sql, topic.id, viewer)) !== undefined;
    }
    case 'worker': {
      const worker = await findWorker(sql, topic.id);
      if (worker?.user_id === user_id) return true;
      return org_id !== '' && worker?.shared_with_org === true && worker.org_id === org_id;
    }
    case 'system':
      return false;
  }
}
