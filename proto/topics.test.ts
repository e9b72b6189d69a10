import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TOPIC_CLASS_TEXTS } from './gen/types.ts';
import { newId } from './ids.ts';
import { isScope } from './scopes.ts';
import { parseTopic, TOPIC_POLICY, topics } from './topics.ts';

const run = newId('run');
const user = newId('user');
const org = newId('org');
const worker = newId('worker');

const joinable = [
  [topics.runEvents(run), 'run_events', run, 'runtime.run_events'],
  [topics.userRuns(user), 'run_summaries', user, 'runtime.run_summaries'],
  [topics.orgRuns(org), 'run_summaries', org, 'runtime.run_summaries'],
  [topics.workerEvents(worker), 'codex_worker_events', worker, 'runtime.codex_worker_events'],
  [topics.userWorkers(user), 'codex_worker_summaries', user, 'runtime.codex_worker_summaries'],
  [topics.orgWorkers(org), 'codex_worker_summaries', org, 'runtime.codex_worker_summaries'],
  [topics.userNotifications(user), 'notifications', user, 'runtime.notifications'],
  [topics.orgTreasury(org), 'treasury', org, 'hydra.summaries'],
  [topics.orgAegis(org), 'aegis', org, 'aegis.summaries'],
] as const;

describe('topics', () => {
  it.each(joinable)('reads %s as what it was made of', (text, topicClass, id, scope) => {
    const parsed = parseTopic(text);
    expect(parsed).toMatchObject({
      ok: true,
      topic: { text, class: topicClass, id, scope, joinable: true },
    });
    expect(isScope(scope)).toBe(true);
  });

  it('knows the topic of revocations and lets no one join it', () => {
    expect(parseTopic('system:revocations')).toMatchObject({
      ok: true,
      topic: { class: 'system', scope: null, joinable: false },
    });
  });

  it('covers every class of the contract with a policy', () => {
    expect(Object.keys(TOPIC_POLICY).sort()).toEqual([...TOPIC_CLASS_TEXTS].sort());
  });

  it.each([
    `run:${run}`,
    `run:${run}:events:`,
    `run:${run}:runs`,
    `run:${user}:events`,
    `user:${run}:runs`,
    `run:${run.slice(0, -1)}:events`,
    `run:${run}0:events`,
    'run:*:events',
    'user::runs',
    `RUN:${run}:events`,
    ` run:${run}:events`,
    'system:revocations:x',
    'system:other',
    `org:${org}:notifications`,
    'x'.repeat(1_000),
    '',
  ])('refuses %j', (text) => {
    expect(parseTopic(text).ok).toBe(false);
  });

  it('accepts nothing that the grammar cannot make', () => {
    const part = fc.oneof(
      fc.constantFrom('run', 'user', 'org', 'worker', 'events', 'runs', 'workers', run, user, org),
      fc.string(),
    );
    const made = new Set<string>(joinable.map(([text]) => text));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
        const text = parts.join(':');
        return parseTopic(text).ok === made.has(text);
      }),
      { numRuns: 2_000 },
    );
  });
});
