import type { TopicWindow } from '#proto/gen/types.ts';
import type { TopicPolicies } from '#services/shared/topic-policy.ts';
import type { TopicFeed } from '../feed/topic-feed.ts';
import type { FanoutLog } from './fanout-log.ts';

/** The topics that are followed here, those with most events sent first. */
export function topicWindows(
  feeds: Iterable<TopicFeed>,
  log: FanoutLog,
  policies: TopicPolicies,
  limit: number,
): TopicWindow[] {
  const served = ({ head }: TopicFeed) => log.of(head.topic).served;
  return [...feeds]
    .sort((one, other) => served(other) - served(one))
    .slice(0, limit)
    .map((feed) => windowOf(feed, log, policies));
}

function windowOf(feed: TopicFeed, log: FanoutLog, policies: TopicPolicies): TopicWindow {
  const { head, tailSeq, subscribers } = feed;
  const policy = policies[head.class];
  const counts = log.of(head.topic);
  let slowest = tailSeq;
  for (const { lastSentSeq } of subscribers) if (lastSentSeq < slowest) slowest = lastSentSeq;
  return {
    topic: head.topic,
    topic_class: head.class,
    qos_tier: policy.tier,
    replay_budget_events: String(policy.replayBudgetEvents),
    oldest_sequence: String(head.floorSeq + 1n),
    head_sequence: String(tailSeq),
    queue_depth: String(tailSeq - slowest),
    subscribers: String(subscribers.size),
    served_messages: String(counts.served),
    publish_rate_limit_per_second: String(policy.publishRatePerSecond),
    max_payload_bytes: String(policy.payloadBytesMax),
    stale_cursor_budget_exceeded_count: String(counts.budgetExceeded),
    stale_cursor_retention_floor_count: String(counts.behindFloor),
    last_violation_reason: counts.lastViolation,
  };
}
