/** The topics of one connection: joined by grant and owner, begun at a cursor, answered each for itself. */
import type { StaleReason } from '#proto/gen/types.ts';
import type { KhalaMessage } from '#proto/khala-frame.ts';
import { parseTopic } from '#proto/topics.ts';
import type { AuditEntry } from '../audit/audit-log.ts';
import type { Grant } from '../authentication/sync-token.ts';
import { type Cursor, cursorOutcome } from '../join/cursor-outcome.ts';
import { type JoinDecision, joinDecision } from '../join/join-check.ts';
import type { TopicHead } from '../journal/journal-reader.ts';
import { TOPICS_PER_CONNECTION_MAX } from '../limits.ts';
import { snapshotPath } from '../snapshots/snapshot-path.ts';
import type { WireFormat } from '../wire/message-frame.ts';
import { Delivery } from './delivery.ts';
import type { Outbox } from './outbox.ts';
import { type ErrorText, SessionFault } from './session-fault.ts';
import type { SessionNode } from './session-node.ts';
import { Subscription, type SubscriptionHost } from './subscription.ts';

type Subscribe = Extract<KhalaMessage, { kind: 'subscribe' }>;
type Position = { topic: string; epoch: string; seq: bigint };

export interface SubscriptionSetOptions {
  node: SessionNode;
  format: WireFormat;
  outbox: Outbox;
  send(message: KhalaMessage): void;
  audit(entry: Pick<AuditEntry, 'decision' | 'reason' | 'topic'>): void;
}

export class SubscriptionSet {
  readonly #node: SessionNode;
  readonly #options: SubscriptionSetOptions;
  readonly #delivery: Delivery;
  readonly #byTopic = new Map<string, Subscription>();
  /** One for all topics of the connection. */
  readonly #subscriptionHost: SubscriptionHost = {
    onReady: (ready) => this.#delivery.offer(ready),
    onWantsPage: (wanting) => this.#delivery.wantPage(wanting),
    onPageDone: (done) => this.#delivery.releasePage(done),
    onStale: (stale, now, reason) => this.#stale(stale, now, reason),
    onHeadChanged: (changed, now) => this.#recheck(changed, now),
    onReadFault: (error) => this.#node.onFault(error),
  };
  #grant: Grant | undefined;
  #ended = false;

  constructor(options: SubscriptionSetOptions) {
    this.#node = options.node;
    this.#options = options;
    this.#delivery = new Delivery({
      format: options.format,
      outbox: options.outbox,
      rounds: options.node.rounds,
      onWritten: (subscription, events, bytes) => this.#countWritten(subscription, events, bytes),
      onCaughtUp: (subscription) => this.#countCaughtUp(subscription),
    });
  }

  /** A new token: what it no longer grants ends here. */
  grant(grant: Grant): void {
    this.#grant = grant;
    this.recheck();
  }

  /** Ends each topic that could not be joined now: its token, its owner or a membership changed. */
  recheck(): void {
    for (const { feed } of [...this.#byTopic.values()]) if (feed) this.#recheckOwner(feed.head);
  }

  async subscribe(message: Subscribe): Promise<void> {
    const { request_id: requestId } = message;
    const topics = [...new Set(message.topics)];
    if (message.topics.length > TOPICS_PER_CONNECTION_MAX) {
      throw new SessionFault('bad_subscription', 'too_many_topics_at_once');
    }
    // An ERROR without a topic is the connection's, so that one for this topic could not be told from it.
    if (topics.includes('')) throw new SessionFault('bad_subscription', 'topic_without_text');
    const cursors = new Map(message.resume_after.map((cursor) => [cursor.topic, cursor]));
    // Only these can be joined; and whatever else a text holds, a NUL for one, never reaches the database.
    const granted = topics.filter(
      (topic) => this.#grant?.topics.has(topic) && parseTopic(topic).ok,
    );
    const heads = await this.#node.heads(granted, () => !this.#ended);
    if (this.#ended) return;
    const headOf = new Map(heads.map((head) => [head.topic, head]));
    for (const topic of topics) {
      this.#join(topic, headOf.get(topic), cursors.get(topic), requestId);
    }
  }

  unsubscribe(topics: readonly string[]): void {
    for (const topic of topics) this.#drop(topic);
  }

  deliver(): void {
    this.#delivery.run();
  }

  /** The last seq written per topic: where the client goes on elsewhere. */
  positions(): Position[] {
    return [...this.#byTopic.values()].map(({ topic, epoch, lastSentSeq }) => ({
      topic,
      epoch,
      seq: lastSentSeq,
    }));
  }

  end(): void {
    this.#ended = true;
    this.#delivery.stop();
    for (const topic of [...this.#byTopic.keys()]) this.#drop(topic);
  }

  #join(
    topic: string,
    known: TopicHead | undefined,
    cursor: Cursor | undefined,
    requestId: string,
  ): void {
    const grant = this.#grant;
    if (!grant) return;
    const decision = this.#decide(topic, grant, known);
    if (!decision.allowed) {
      this.#deny(topic, decision.code, decision.reason, requestId);
      return;
    }
    if (!this.#byTopic.has(topic) && this.#byTopic.size >= TOPICS_PER_CONNECTION_MAX) {
      this.#deny(topic, 'bad_subscription', 'too_many_topics', requestId);
      return;
    }
    this.#node.metrics.khala_joins_total.record(1, { outcome: 'joined' });
    this.#options.audit({ decision: 'allow', reason: 'joined', topic });
    this.#drop(topic);
    this.#begin(decision.head, cursor, requestId);
  }

  #begin(head: TopicHead, cursor: Cursor | undefined, requestId: string): void {
    const { metrics, reader } = this.#node;
    const found = cursorOutcome(cursor, head, this.#node.replayBudgetEvents(head.class));
    metrics.khala_cursor_outcomes_total.record(1, {
      topic_class: head.class,
      outcome: 'reason' in found ? found.reason : found.outcome,
    });
    if (found.outcome === 'behind' || found.outcome === 'ahead') {
      this.#sendStale(head, found.reason);
      return;
    }
    metrics.khala_replay_lag_events.record(Number(head.headSeq + 1n - found.nextSeq), {
      topic_class: head.class,
    });
    const subscription = new Subscription(head, found.nextSeq, this.#subscriptionHost);
    this.#byTopic.set(head.topic, subscription);
    this.#options.send({
      kind: 'subscribed',
      topic: head.topic,
      epoch: head.epoch,
      from_seq: found.nextSeq,
      head_seq: head.headSeq,
      request_id: requestId,
      ...snapshotOf(found.outcome === 'bootstrap' ? head : undefined),
    });
    subscription.attach(reader.follow(head, subscription));
    this.#delivery.offer(subscription);
  }

  #recheck(subscription: Subscription, head: TopicHead): void {
    if (head.epoch !== subscription.epoch) {
      this.#stale(subscription, head, 'lineage_mismatch');
      return;
    }
    this.#recheckOwner(head);
  }

  #recheckOwner(head: TopicHead): void {
    const decision = this.#grant && this.#decide(head.topic, this.#grant, head);
    if (decision && !decision.allowed) this.#deny(head.topic, decision.code, decision.reason, '');
  }

  #decide(topic: string, grant: Grant, head: TopicHead | undefined): JoinDecision {
    return joinDecision(topic, grant, head, this.#node.revocations);
  }

  #stale(subscription: Subscription, head: TopicHead, reason: StaleReason): void {
    if (this.#byTopic.get(subscription.topic) !== subscription) return;
    this.#drop(subscription.topic);
    this.#node.metrics.khala_cursor_outcomes_total.record(1, {
      topic_class: head.class,
      outcome: reason,
    });
    this.#sendStale(head, reason);
  }

  #sendStale(head: TopicHead, reason: StaleReason): void {
    this.#node.fanout.refused(head.topic, reason);
    this.#options.send({
      kind: 'snapshot_required',
      topic: head.topic,
      code: 'stale_cursor',
      reason,
      floor_seq: head.floorSeq,
      head_seq: head.headSeq,
      epoch: head.epoch,
      ...snapshotOf(head),
    });
  }

  #deny(topic: string, code: ErrorText, reason: string, requestId: string): void {
    this.#drop(topic);
    this.#node.metrics.khala_joins_total.record(1, { outcome: reason });
    // A text that is no topic may be anything, and is not worth storing.
    const isTopic = parseTopic(topic).ok;
    if (isTopic) this.#node.fanout.refused(topic, reason);
    this.#options.audit({ decision: 'deny', reason, topic: isTopic ? topic : '' });
    this.#options.send({
      kind: 'error',
      code,
      message: reason.replaceAll('_', ' '),
      topic,
      retry_after_ms: 0n,
      request_id: requestId,
      positions: [],
    });
  }

  #drop(topic: string): void {
    const subscription = this.#byTopic.get(topic);
    if (!subscription) return;
    this.#byTopic.delete(topic);
    this.#delivery.withdraw(subscription);
    subscription.end();
    if (subscription.feed) this.#node.reader.leave(subscription.feed, subscription);
  }

  #countWritten(subscription: Subscription, events: number, bytes: number): void {
    const { topic, feed } = subscription;
    this.#node.counts.add(topic, feed?.head.class ?? 'system', events, bytes);
  }

  #countCaughtUp(subscription: Subscription): void {
    const tookMs = performance.now() - subscription.beganAtMs;
    this.#node.metrics.khala_replay_duration_seconds.record(tookMs / 1000, {
      topic_class: subscription.feed?.head.class ?? 'system',
    });
  }
}

function snapshotOf(head: TopicHead | undefined): { snapshot_seq: bigint; snapshot_url: string } {
  return head && head.snapshotSeq > 0n
    ? { snapshot_seq: head.snapshotSeq, snapshot_url: snapshotPath(head.topic) }
    : { snapshot_seq: 0n, snapshot_url: '' };
}
