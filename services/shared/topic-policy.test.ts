import { expect, test } from 'vitest';
import { TOPIC_POLICY } from '#proto/topics.ts';
import { topicPolicies, topicPolicySetting } from './topic-policy.ts';

test('what is not set stays as documented', () => {
  expect(topicPolicies(topicPolicySetting.parse(undefined))).toEqual(TOPIC_POLICY);
});

test('one bound of one class is set, and nothing else', () => {
  const set = topicPolicySetting.parse('{"notifications":{"retention_s":86400}}');
  expect(topicPolicies(set)).toEqual({
    ...TOPIC_POLICY,
    notifications: { ...TOPIC_POLICY.notifications, retentionS: 86_400 },
  });
});

test.each([
  ['no JSON', '{'],
  ['a list', '[]'],
  ['a class that there is not', '{"run":{"retention_s":86400}}'],
  ['a bound that there is not', '{"run_events":{"retention":86400}}'],
  ['a payload bound, on which all builds agree', '{"run_events":{"payload_bytes_max":1}}'],
  ['too short', '{"run_events":{"retention_s":60}}'],
  ['no whole number', '{"run_events":{"replay_budget_events":1.5}}'],
  ['none', '{"run_events":{"publish_rate_per_second":0}}'],
])('%s is refused at the start', (_, text) => {
  expect(topicPolicySetting.safeParse(text).success).toBe(false);
});
