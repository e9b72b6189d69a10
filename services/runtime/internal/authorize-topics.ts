import { openTopics } from '#db/runtime/open-topics.ts';
import { readRunFor } from '#db/runtime/runs.ts';
import { findWorker } from '#db/runtime/workers.ts';
import type { AuthorizeTopicsRequest, TopicAuthorization } from '#proto/gen/types.ts';
import { type ParsedTopic, parseTopic } from '#proto/topics.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';

/** Control asks before it mints a sync token: ownership is known here and nowhere else. */
export function authorizeTopics(
  deps: RuntimeDeps,
): RuntimeHandler<'runtime.sync.topics.authorize'> {
  return async function authorizeTopics({ body }) {
    const topics = await Promise.all(body.topics.map((text) => authorize(deps, body, text)));
    await openTopics(deps.sql, topics.filter(({ allowed }) => allowed).flatMap(parsedTopic));
    return { data: { topics } };
  };
}

function parsedTopic({ topic }: TopicAuthorization): ParsedTopic[] {
  const parsed = parseTopic(topic);
  return parsed.ok ? [parsed.topic] : [];
}

async function authorize(
  deps: RuntimeDeps,
  viewer: AuthorizeTopicsRequest,
  text: string,
): Promise<TopicAuthorization> {
  const parsed = parseTopic(text);
  if (!parsed.ok) return denied(text, '', parsed.reason);
  const { topic } = parsed;
  if (!topic.joinable) return denied(text, '', 'nobody may follow this topic');
  const allowed = await mayFollow(deps, viewer, topic);
  return allowed
    ? { topic: text, allowed, required_scope: topic.scope, reason: '' }
    : denied(text, topic.scope, 'no such topic for this principal');
}

async function mayFollow(
  { sql }: RuntimeDeps,
  viewer: AuthorizeTopicsRequest,
  topic: ParsedTopic,
): Promise<boolean> {
  const readsOrg = viewer.org_scopes.includes('runtime.read');
  const org_id = readsOrg ? viewer.org_id : '';
  switch (topic.entity) {
    case 'user':
      return topic.id === viewer.user_id;
    case 'org':
      return org_id !== '' && topic.id === org_id;
    case 'run': {
      const { user_id } = viewer;
      return (
        (await readRunFor(sql, topic.id, { user_id, ...(org_id && { org_id }) })) !== undefined
      );
    }
    case 'worker': {
      const worker = await findWorker(sql, topic.id);
      if (worker?.user_id === viewer.user_id) return true;
      return org_id !== '' && worker?.shared_with_org === true && worker.org_id === org_id;
    }
    case 'system':
      return false;
  }
}

function denied(topic: string, required_scope: string, reason: string): TopicAuthorization {
  return { topic, allowed: false, required_scope, reason };
}
