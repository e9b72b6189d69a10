import type { KhalaMessage } from '#proto/khala-frame.ts';
import { TokenBucket } from '#proto/token-buckets.ts';
import {
  CLIENT_FRAMES_BURST,
  CLIENT_FRAMES_PER_S,
  TOPICS_NAMED_BURST,
  TOPICS_NAMED_PER_S,
} from '../limits.ts';
import { SessionFault } from '../session/session-fault.ts';

const FRAMES = { perSecond: CLIENT_FRAMES_PER_S, burst: CLIENT_FRAMES_BURST };
const TOPICS = { perSecond: TOPICS_NAMED_PER_S, burst: TOPICS_NAMED_BURST };

/** What one connection asks of the node, in frames and in topics that they name. */
export class ClientRate {
  readonly #frames = new TokenBucket(FRAMES, performance.now());
  readonly #topics = new TokenBucket(TOPICS, performance.now());

  /** @throws SessionFault `rate_limited` with when to come again. */
  spend(message: KhalaMessage): void {
    const nowMs = performance.now();
    const byFrames = this.#frames.take(FRAMES, nowMs);
    if (!byFrames.ok) throw limited('too_many_frames', byFrames.retryAfterMs);
    if (message.kind !== 'subscribe' && message.kind !== 'unsubscribe') return;
    // A frame that names more than there is in a burst has its own refusal.
    const named = Math.min(message.topics.length, TOPICS_NAMED_BURST);
    const byTopics = this.#topics.take(TOPICS, nowMs, named);
    if (!byTopics.ok) throw limited('too_many_topics_named', byTopics.retryAfterMs);
  }
}

function limited(reason: string, retryAfterMs: number): SessionFault {
  return new SessionFault('rate_limited', reason, { retryAfterMs });
}
