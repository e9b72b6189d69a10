import { parseTopic } from '#proto/topics.ts';
import type { Grant } from '../authentication/sync-token.ts';
import type { TopicHead } from '../journal/journal-reader.ts';
import type { Revocations } from '../revocations/revocations.ts';

export type JoinDecision =
  | { allowed: true; head: TopicHead }
  | { allowed: false; code: 'bad_subscription' | 'forbidden_topic'; reason: JoinDenial };

export type JoinDenial =
  | 'no_such_topic_in_the_grammar'
  | 'not_joinable'
  | 'not_granted'
  | 'owner_unknown'
  | 'owner_mismatch'
  | 'membership_revoked';

/**
 * The token grants this exact topic, and the topic's owner is the token's subject or organisation. The token alone does
 * not do: it may have been minted before the topic changed hands, or before its user left the organisation. Of a topic
 * without a row nobody knows the owner.
 */
export function joinDecision(
  text: string,
  grant: Grant,
  head: TopicHead | undefined,
  revocations: Pick<Revocations, 'hasLost'>,
): JoinDecision {
  const parsed = parseTopic(text);
  if (!parsed.ok) return deny('bad_subscription', 'no_such_topic_in_the_grammar');
  if (!parsed.topic.joinable) return deny('forbidden_topic', 'not_joinable');
  if (!grant.topics.has(text)) return deny('forbidden_topic', 'not_granted');
  if (head === undefined) return deny('forbidden_topic', 'owner_unknown');
  const owned =
    head.ownerUserId === grant.userId || (head.orgId !== null && head.orgId === grant.orgId);
  if (!owned) return deny('forbidden_topic', 'owner_mismatch');
  if (revocations.hasLost(grant, head.orgId)) return deny('forbidden_topic', 'membership_revoked');
  return { allowed: true, head };
}

function deny(code: 'bad_subscription' | 'forbidden_topic', reason: JoinDenial): JoinDecision {
  return { allowed: false, code, reason };
}
