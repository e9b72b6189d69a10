/**
 * Follows `system:revocations` as a client follows a topic: hints, the node's own reader, every seq once and in order.
 *
 * 1. The table is read after the head from which the topic is followed, so that nothing lies between the two.
 * 2. `lagMs` counts from a look at the head whose every event was applied: a database that does not answer makes it
 *    grow, whatever the hints say.
 * 3. What cannot be read as a revocation, another lineage, and a range that is gone all mean the same: read the table
 *    again.
 */
import type { RevocationRow } from '#db/runtime/revocation-read.ts';
import { decodeFrame, updateFrame } from '#proto/khala-frame.ts';
import { topics } from '#proto/topics.ts';
import type { EncodedEvent } from '../feed/encoded-event.ts';
import type { NodeReader } from '../feed/node-reader.ts';
import type { JournalReader, TopicHead } from '../journal/journal-reader.ts';
import { Subscription } from '../session/subscription.ts';
import { REVOKED_KIND, revocationOfEvent, revocationOfRow } from './revocation.ts';
import type { RevocationList } from './revocation-list.ts';

export interface RevocationFollower {
  /** Resolves after the first try; goes on trying where it failed. */
  start(): Promise<void>;
  stop(): void;
  /** How old the newest state of the topic is that this node is known to have applied whole. */
  lagMs(): number;
}

export function createRevocationFollower(deps: {
  list: RevocationList;
  reader: NodeReader;
  journal: Pick<JournalReader, 'headsByTopic'>;
  readTable(): Promise<RevocationRow[]>;
  lookEveryMs: number;
  /** Unaffected by anyone who sets a clock. */
  monotonicMs(): number;
  /** The list has new entries. */
  onRevoked(): void;
  onFault(fault: unknown): void;
}): RevocationFollower {
  const { list, reader, journal, lookEveryMs, monotonicMs, onRevoked, onFault } = deps;
  let following: Subscription | undefined;
  let seen: { headSeq: bigint; atMs: number } | undefined;
  let currentAsOfMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let looking = false;
  let stopped = false;

  /** One look at the head. @throws what the database threw. */
  async function look(): Promise<void> {
    const atMs = monotonicMs();
    const feed = following?.feed ?? (await begin())?.feed;
    if (!feed) {
      // Nobody was ever revoked here: the topic has no row.
      currentAsOfMs = atMs;
      return;
    }
    seen = { headSeq: (await reader.look(feed)).headSeq, atMs };
    noteProgress();
  }

  async function begin(): Promise<Subscription | undefined> {
    const [head] = await journal.headsByTopic([topics.systemRevocations]);
    for (const row of await deps.readTable()) list.add(revocationOfRow(row));
    onRevoked();
    if (!head || stopped) return undefined;
    following = follow(head);
    take(following);
    return following;
  }

  function follow(head: TopicHead): Subscription {
    const subscription = new Subscription(head, head.headSeq + 1n, {
      onReady: take,
      onWantsPage: (wanting) => void wanting.readPage(),
      onPageDone: () => undefined,
      onStale: beginAnew,
      onHeadChanged: (changed, { epoch }) => {
        if (epoch !== changed.epoch) beginAnew(changed);
      },
      onReadFault: onFault,
    });
    subscription.attach(reader.follow(head, subscription));
    return subscription;
  }

  function beginAnew(subscription: Subscription): void {
    if (subscription !== following) return;
    leave();
    // The look under way goes on without it, and the next one begins.
    if (!looking) void run();
  }

  function leave(): void {
    following?.end();
    if (following?.feed) reader.leave(following.feed, following);
    following = undefined;
    seen = undefined;
  }

  function take(subscription: Subscription): void {
    if (subscription !== following) return;
    let revoked = false;
    try {
      for (let batch = subscription.take(); batch; batch = subscription.take()) {
        for (const event of batch.events) revoked = apply(event) || revoked;
      }
    } catch (fault) {
      onFault(fault);
      beginAnew(subscription);
    }
    if (revoked) onRevoked();
    noteProgress();
  }

  function apply({ seq, update }: EncodedEvent): boolean {
    const message = decodeFrame(updateFrame(topics.systemRevocations, seq, update));
    if (message.kind !== 'update' || message.update.kind !== REVOKED_KIND) return false;
    list.add(revocationOfEvent(message.update.payload));
    return true;
  }

  function noteProgress(): void {
    if (seen && following && following.lastSentSeq >= seen.headSeq) currentAsOfMs = seen.atMs;
  }

  async function run(): Promise<void> {
    clearTimeout(timer);
    looking = true;
    try {
      await look();
    } catch (fault) {
      onFault(fault);
    } finally {
      looking = false;
    }
    if (!stopped) timer = setTimeout(() => void run(), lookEveryMs);
  }

  return {
    start: run,
    stop() {
      stopped = true;
      clearTimeout(timer);
      leave();
    },
    lagMs: () => monotonicMs() - currentAsOfMs,
  };
}
