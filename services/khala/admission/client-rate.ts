import type { KhalaMessage } from '#proto/khala-frame.ts';
import { createTokenBuckets } from '#proto/token-buckets.ts';
import {
  CLIENT_FRAMES_BURST,
  CLIENT_FRAMES_PER_S,
  TOPICS_NAMED_BURST,
  TOPICS_NAMED_PER_S,
} from '../limits.ts';
import { SessionFault } from '../session/session-fault.ts';

/** What one connection asks of the node, in frames and in topics that they name. */
export interface ClientRate {
  /** @throws SessionFault `rate_limited` with when to come again. */
  spend(message: KhalaMessage): void;
}

export function createClientRate(clock: () => number): ClientRate {
  const buckets = (perSecond: number, burst: number) =>
    createTokenBuckets({ perSecond, burst, bucketsMax: 1, clock });
  const frames = buckets(CLIENT_FRAMES_PER_S, CLIENT_FRAMES_BURST);
  const topics = buckets(TOPICS_NAMED_PER_S, TOPICS_NAMED_BURST);

  return {
    spend(message) {
      const byFrames = frames.take('');
      if (!byFrames.ok) throw limited('too_many_frames', byFrames.retryAfterMs);
      if (message.kind !== 'subscribe' && message.kind !== 'unsubscribe') return;
      // A frame that names more than there is in a burst has its own refusal.
      const byTopics = topics.take('', Math.min(message.topics.length, TOPICS_NAMED_BURST));
      if (!byTopics.ok) throw limited('too_many_topics_named', byTopics.retryAfterMs);
    },
  };
}

function limited(reason: string, retryAfterMs: number): SessionFault {
  return new SessionFault('rate_limited', reason, { retryAfterMs });
}
