import type { ParsedTopic } from '#proto/topics.ts';
import type { Sql } from '../connect.ts';

/**
 * Gives topics of people and organisations their row before anything is published on them, so that whoever follows one
 * starts at its head instead of being told that nobody owns it. Idempotent.
 */
export async function openTopics(sql: Sql, topics: readonly ParsedTopic[]): Promise<void> {
  const rows = topics
    .filter(({ entity }) => entity === 'user' || entity === 'org')
    .map(({ text, class: topicClass, entity, id }) => ({
      topic: text,
      class: topicClass,
      owner_user_id: entity === 'user' ? id : null,
      org_id: entity === 'org' ? id : null,
    }));
  if (rows.length === 0) return;
  const texts = rows.map((row) => row.topic);
  const known = await sql<{ topic: string }[]>`
    select topic from runtime.sync_topics where topic = any(${texts})`;
  const missing = rows.filter((row) => !known.some(({ topic }) => topic === row.topic));
  if (missing.length === 0) return;
  await sql`insert into runtime.sync_topics ${sql(missing)} on conflict (topic) do nothing`;
}
