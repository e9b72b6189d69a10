import { createTokenBuckets, type TokenBuckets } from '#proto/token-buckets.ts';

export type { RateDecision } from '#proto/token-buckets.ts';

export interface PublishRateOptions {
  /** Batches per second and topic, with bursts of one second's worth. */
  perSecond: number;
  clock: () => number;
}

/** Far above the topics that one process serves at once; beyond it, idle buckets are forgotten first. */
const BUCKETS_MAX = 20_000;

/** A token bucket per topic. It binds one process; behind n processes a caller may reach n times the rate. */
export function createPublishRate({ perSecond, clock }: PublishRateOptions): TokenBuckets {
  return createTokenBuckets({ perSecond, burst: perSecond, bucketsMax: BUCKETS_MAX, clock });
}
