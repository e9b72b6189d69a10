import { openTopics } from '#db/runtime/open-topics.ts';
import type { AuthorizeTopicsRequest, TopicAuthorization } from '#proto/gen/types.ts';
import { type ParsedTopic, parseTopic } from '#proto/topics.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { mayFollow, type TopicViewer } from '../topics/topic-access.ts';

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
  const allowed = await mayFollow(deps.sql, viewerOf(viewer), topic);
  return allowed
    ? { topic: text, allowed, required_scope: topic.scope, reason: '' }
    : denied(text, topic.scope, 'no such topic for this principal');
}

function denied(topic: string, required_scope: string, reason: string): TopicAuthorization {
  return { topic, allowed: false, required_scope, reason };
}

function viewerOf({ user_id, org_id, org_scopes }: AuthorizeTopicsRequest): TopicViewer {
  return { user_id, org_id: org_scopes.includes('runtime.read') ? org_id : '' };
}
