import { Duplex } from 'node:stream';
import { decodeFrame } from '#proto/khala-frame.ts';
import type { TopicFeed } from '../feed/topic-feed.ts';
import { Delivery } from '../session/delivery.ts';
import type { DeliveryRounds } from '../session/delivery-rounds.ts';
import { Outbox } from '../session/outbox.ts';
import type { QueueBudget } from '../session/queue-budget.ts';
import { Subscription } from '../session/subscription.ts';

/** A connection whose peer takes frames as a test says, in a process without a socket. */
export interface ScriptedConnection {
  /** What the peer has taken. */
  readonly frames: Buffer[];
  readonly outbox: Outbox;
  /** What it took of each topic, in order: `topic@first-last`. */
  taken(): string[];
  subscribe(feed: TopicFeed, nextSeq: bigint): Subscription;
  /** From here on the peer takes nothing; one write; everything. */
  stop(): void;
  take(): void;
  go(): void;
}

export function scriptedConnection(
  rounds: DeliveryRounds,
  budget: QueueBudget,
  order: { who: string; bytes: number }[] = [],
  who = '',
): ScriptedConnection {
  const frames: Buffer[] = [];
  let stopped = false;
  let resume: (() => void) | undefined;
  const socket = new Duplex({
    read: () => undefined,
    write(frame: Buffer, _, done) {
      const take = () => {
        frames.push(frame);
        order.push({ who, bytes: frame.length });
        done();
      };
      if (stopped) resume = take;
      else take();
    },
  });
  function take(): void {
    const taken = resume;
    resume = undefined;
    taken?.();
  }
  const outbox = new Outbox(socket, budget, () => delivery.run());
  const delivery: Delivery = new Delivery({
    format: 'binary',
    outbox,
    rounds,
    onWritten: () => undefined,
    onCaughtUp: () => undefined,
  });
  return {
    frames,
    outbox,
    taken: () =>
      frames.flatMap((frame) => {
        const message = decodeFrame(payloadOf(frame));
        if (message.kind === 'update') return `${message.topic}@${message.seq}-${message.seq}`;
        if (message.kind !== 'update_batch') return [];
        return `${message.topic}@${message.updates[0]?.seq}-${message.updates.at(-1)?.seq}`;
      }),
    subscribe(feed, nextSeq) {
      const subscription = new Subscription(feed.head, nextSeq, {
        onReady: (ready) => delivery.offer(ready),
        onWantsPage: (wanting) => delivery.wantPage(wanting),
        onPageDone: (done) => delivery.releasePage(done),
        onStale: (stale) => delivery.withdraw(stale),
        onHeadChanged: () => undefined,
        onReadFault: () => undefined,
      });
      subscription.attach(feed);
      feed.subscribers.add(subscription);
      delivery.offer(subscription);
      return subscription;
    },
    stop() {
      stopped = true;
    },
    take,
    go() {
      stopped = false;
      take();
    },
  };
}

/** Of an unmasked frame (RFC 6455, 5.2). */
function payloadOf(frame: Buffer): Buffer {
  const length = (frame[1] ?? 0) & 0x7f;
  return frame.subarray(length < 126 ? 2 : length === 126 ? 4 : 10);
}
