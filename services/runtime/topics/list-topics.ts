import { listRuns } from '#db/runtime/runs.ts';
import { headsByTopic, type TopicHead } from '#db/runtime/sync-read.ts';
import { listWorkers } from '#db/runtime/workers.ts';
import { ProblemError } from '#proto/errors.ts';
import type { TopicState } from '#proto/gen/types.ts';
import { isId } from '#proto/ids.ts';
import { parseTopic, topics } from '#proto/topics.ts';
import { requirePerson } from '../../shared/http/caller.ts';
import type { TopicPolicies } from '../../shared/topic-policy.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { mayFollow, type TopicViewer } from './topic-access.ts';

/** What the caller could follow: named by what it owns, so that no list of topics is searched. */
export function listTopics(deps: RuntimeDeps): RuntimeHandler<'runtime.topic.list'> {
  const { sql, policies } = deps;
  return async function listTopics({ query, caller }) {
    const { user_id, org_id } = requirePerson(caller);
    const viewer = { user_id, org_id };
    const wanted = query.text('topic');
    const names = wanted
      ? [await requireFollowable(deps, viewer, wanted)]
      : await topicsOf(deps, viewer, query.count('limit'));
    const heads = await headsByTopic(sql, names);
    const stateOf = new Map(heads.map((head) => [head.topic, topicState(head, policies)]));
    return { data: { topics: names.flatMap((name) => stateOf.get(name) ?? []) } };
  };
}

/** @throws ProblemError invalid_request, not_found: a foreign topic is as one that there is not */
async function requireFollowable(
  { sql }: RuntimeDeps,
  viewer: TopicViewer,
  text: string,
): Promise<string> {
  const parsed = parseTopic(text);
  if (!parsed.ok) {
    throw new ProblemError('invalid_request', 'This is no topic.', {
      faults: [{ path: '$.topic', reason: parsed.reason }],
    });
  }
  if (await mayFollow(sql, viewer, parsed.topic)) return text;
  throw new ProblemError('not_found', 'No such topic.');
}

async function topicsOf(
  { sql }: RuntimeDeps,
  { user_id, org_id }: TopicViewer,
  limit: number,
): Promise<string[]> {
  const [workers, { runs }] = await Promise.all([
    listWorkers(sql, { user_id, org_id: org_id || null, limit }),
    listRuns(sql, { user_id, ...(org_id && { org_id }) }, {}, { limit }),
  ]);
  return [
    ...(isId('user', user_id) ? listsOfUser(user_id) : []),
    ...(isId('org', org_id) ? [topics.orgRuns(org_id), topics.orgWorkers(org_id)] : []),
    ...workers.map(({ worker_id }) => topics.workerEvents(worker_id)),
    ...runs.map(({ run_id }) => topics.runEvents(run_id)),
  ];
}

function listsOfUser(userId: Parameters<typeof topics.userRuns>[0]): string[] {
  return [topics.userRuns(userId), topics.userWorkers(userId), topics.userNotifications(userId)];
}

function topicState(head: TopicHead, policies: TopicPolicies): TopicState {
  const policy = policies[head.class];
  return {
    topic: head.topic,
    class: head.class,
    epoch: head.epoch,
    head_seq: String(head.headSeq),
    floor_seq: String(head.floorSeq),
    snapshot_seq: String(head.snapshotSeq),
    policy: {
      tier: policy.tier,
      replay_budget_events: String(policy.replayBudgetEvents),
      retention_s: String(policy.retentionS),
      payload_bytes_max: String(policy.payloadBytesMax),
      publish_rate_per_second: String(policy.publishRatePerSecond),
      snapshot_from: policy.snapshot.from,
    },
  };
}
