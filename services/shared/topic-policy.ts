import { z } from 'zod';
import { TOPIC_CLASS_TEXTS } from '#proto/gen/types.ts';
import { TOPIC_POLICY, type TopicClass, type TopicPolicy } from '#proto/topics.ts';

export type TopicPolicies = Readonly<Record<TopicClass, TopicPolicy>>;

/** Costs one read of Postgres per reader and page; a million events of 1 KiB are a gigabyte over one socket. */
export const REPLAY_BUDGET_EVENTS_MAX = 10_000_000;
/** Below an hour a laptop that slept over lunch finds nothing of its class. */
export const RETENTION_S_MIN = 3_600;
/** Rows are kept in a partition for each day; four hundred of them per class still plan quickly. */
export const RETENTION_S_MAX = 400 * 86_400;
/** One topic is one row that each append locks: measured, it does not go faster. */
export const PUBLISH_RATE_PER_SECOND_MAX = 5_000;

const whole = (least: number, most: number) => z.int().min(least).max(most).optional();

const overrides = z.partialRecord(
  z.enum(TOPIC_CLASS_TEXTS),
  z.strictObject({
    replay_budget_events: whole(1, REPLAY_BUDGET_EVENTS_MAX),
    retention_s: whole(RETENTION_S_MIN, RETENTION_S_MAX),
    publish_rate_per_second: whole(1, PUBLISH_RATE_PER_SECOND_MAX),
  }),
);

export type TopicPolicyOverrides = z.output<typeof overrides>;

/**
 * The setting `TOPIC_POLICY`: JSON by class, e.g. `{"notifications":{"retention_s":86400}}`. What is not named stays as in
 * docs/limits.md. Payload bounds and snapshots are no settings: writers and readers of every build agree on them.
 */
export const topicPolicySetting = z
  .string()
  .default('')
  .transform((text, context): TopicPolicyOverrides => {
    if (text === '') return {};
    const parsed = overrides.safeParse(jsonOf(text));
    if (parsed.success) return parsed.data;
    for (const { path, message } of parsed.error.issues) {
      context.addIssue({ code: 'custom', message: `${path.join('.') || 'it'}: ${message}` });
    }
    return z.NEVER;
  });

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The table in force: the defaults, with what an operator changed. */
export function topicPolicies(changed: TopicPolicyOverrides): TopicPolicies {
  return Object.fromEntries(
    Object.entries(TOPIC_POLICY).map(([topicClass, policy]) => {
      const { replay_budget_events, retention_s, publish_rate_per_second } =
        changed[topicClass as TopicClass] ?? {};
      return [
        topicClass,
        {
          ...policy,
          replayBudgetEvents: replay_budget_events ?? policy.replayBudgetEvents,
          retentionS: retention_s ?? policy.retentionS,
          publishRatePerSecond: publish_rate_per_second ?? policy.publishRatePerSecond,
        },
      ];
    }),
  ) as Record<TopicClass, TopicPolicy>;
}
