/** Refused: `retryAfterMs` is when as much as was asked will be there. */
export type RateDecision = { ok: true } | { ok: false; retryAfterMs: number };

export interface TokenBuckets {
  /** More than a whole burst at once is never given. */
  take(key: string, cost?: number): RateDecision;
}

export interface TokenBucketsOptions {
  perSecond: number;
  burst: number;
  /** Beyond it the longest idle are forgotten first, which at worst gives someone a burst anew. */
  bucketsMax: number;
  clock(): number;
}

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** A token bucket per key, in this process alone. A clock that goes back takes nothing away. */
export function createTokenBuckets(options: TokenBucketsOptions): TokenBuckets {
  const { perSecond, burst, bucketsMax, clock } = options;
  const buckets = new Map<string, Bucket>();
  return {
    take(key, cost = 1) {
      const nowMs = clock();
      const bucket = buckets.get(key) ?? { tokens: burst, filledAtMs: nowMs };
      // Deleting first keeps the map in order of use, so that the first key is the longest idle.
      buckets.delete(key);
      buckets.set(key, bucket);
      if (buckets.size > bucketsMax) buckets.delete(buckets.keys().next().value ?? key);
      const elapsedS = Math.max(0, nowMs - bucket.filledAtMs) / 1_000;
      bucket.tokens = Math.min(burst, bucket.tokens + elapsedS * perSecond);
      bucket.filledAtMs = nowMs;
      if (bucket.tokens < cost) {
        return { ok: false, retryAfterMs: Math.ceil(((cost - bucket.tokens) / perSecond) * 1_000) };
      }
      bucket.tokens -= cost;
      return { ok: true };
    },
  };
}
