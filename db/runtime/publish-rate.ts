/** Refused: `retryAfterMs` is when the next batch of this topic is due. */
export type RateDecision = { ok: true } | { ok: false; retryAfterMs: number };

export interface PublishRate {
  take(topic: string): RateDecision;
}

export interface PublishRateOptions {
  /** Batches per second and topic, with bursts of one second's worth. */
  perSecond: number;
  clock: () => number;
}

/** Far above the topics that one process serves at once; beyond it, idle buckets are forgotten first. */
const BUCKETS_MAX = 20_000;

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** A token bucket per topic. It binds one process; behind n processes a caller may reach n times the rate. */
export function createPublishRate({ perSecond, clock }: PublishRateOptions): PublishRate {
  const buckets = new Map<string, Bucket>();
  return {
    take(topic) {
      const nowMs = clock();
      const bucket = buckets.get(topic) ?? { tokens: perSecond, filledAtMs: nowMs };
      // Deleting first keeps the map in order of use, so that the first key is the longest idle.
      buckets.delete(topic);
      buckets.set(topic, bucket);
      if (buckets.size > BUCKETS_MAX) buckets.delete(buckets.keys().next().value ?? topic);
      const elapsedS = Math.max(0, nowMs - bucket.filledAtMs) / 1_000;
      bucket.tokens = Math.min(perSecond, bucket.tokens + elapsedS * perSecond);
      bucket.filledAtMs = nowMs;
      if (bucket.tokens < 1) {
        return { ok: false, retryAfterMs: Math.ceil(((1 - bucket.tokens) / perSecond) * 1_000) };
      }
      bucket.tokens -= 1;
      return { ok: true };
    },
  };
}
