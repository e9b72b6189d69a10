/** Refused: `retryAfterMs` is when as much as was asked will be there. */
export type RateDecision = { ok: true } | { ok: false; retryAfterMs: number };

export interface TokenBuckets {
  /** More than a whole burst at once is never given. */
  take(key: string, cost?: number): RateDecision;
}

export interface TokenBucketsOptions extends Refill {
  /** Beyond it the longest idle are forgotten first, which at worst gives someone a burst anew. */
  bucketsMax: number;
  clock(): number;
}

export interface Refill {
  perSecond: number;
  burst: number;
}

/** One bucket; who owns it tells the time. A clock that goes back takes nothing away. */
export class TokenBucket {
  #tokens: number;
  #filledAtMs: number;

  constructor({ burst }: Refill, nowMs: number) {
    this.#tokens = burst;
    this.#filledAtMs = nowMs;
  }

  take({ perSecond, burst }: Refill, nowMs: number, cost = 1): RateDecision {
    const elapsedS = Math.max(0, nowMs - this.#filledAtMs) / 1_000;
    this.#tokens = Math.min(burst, this.#tokens + elapsedS * perSecond);
    this.#filledAtMs = nowMs;
    if (this.#tokens < cost) {
      return { ok: false, retryAfterMs: Math.ceil(((cost - this.#tokens) / perSecond) * 1_000) };
    }
    this.#tokens -= cost;
    return { ok: true };
  }
}

/** A token bucket per key, in this process alone. */
export function createTokenBuckets(options: TokenBucketsOptions): TokenBuckets {
  const { bucketsMax, clock } = options;
  const buckets = new Map<string, TokenBucket>();
  return {
    take(key, cost = 1) {
      const nowMs = clock();
      const bucket = buckets.get(key) ?? new TokenBucket(options, nowMs);
      // Deleting first keeps the map in order of use, so that the first key is the longest idle.
      buckets.delete(key);
      buckets.set(key, bucket);
      if (buckets.size > bucketsMax) buckets.delete(buckets.keys().next().value ?? key);
      return bucket.take(options, nowMs, cost);
    },
  };
}
