import type { JsonObject } from '#proto/gen/types.ts';
import type { TokenCounts } from './protocol.ts';

/** Millisatoshis for a million tokens. Codex names no price, so the operator does, or none is recorded. */
export interface TokenPrice {
  inputMsats: number;
  cachedInputMsats: number;
  outputMsats: number;
}

const PER_TOKENS = 1_000_000;

const NOTHING: TokenCounts = {
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningOutputTokens: 0,
};

export interface UsageMeter {
  /** What is new since the last totals of the thread; undefined where nothing is. */
  advance(total: TokenCounts): JsonObject | undefined;
  /** Totals of earlier turns, which Codex tells again when a thread is resumed. */
  begin(total: TokenCounts): void;
}

/** Codex tells totals of the thread. Each event records what came on top, so that a sum over the run is right. */
export function createUsageMeter(model: () => string, price: TokenPrice | undefined): UsageMeter {
  let known = NOTHING;
  return {
    begin(total) {
      known = total;
    },
    advance(total) {
      const more = {
        input_tokens: growth(known.inputTokens, total.inputTokens),
        cached_input_tokens: growth(known.cachedInputTokens, total.cachedInputTokens),
        output_tokens: growth(known.outputTokens, total.outputTokens),
        reasoning_output_tokens: growth(known.reasoningOutputTokens, total.reasoningOutputTokens),
      };
      known = total;
      if (more.input_tokens + more.output_tokens === 0) return undefined;
      return {
        model: model(),
        ...Object.fromEntries(Object.entries(more).map(([name, count]) => [name, String(count)])),
        cost_msats: String(price ? costMsats(more, price) : 0),
      };
    },
  };
}

/** A thread whose history was compacted may count from a lower total. */
function growth(before: number, after: number): number {
  return Math.max(0, after - before);
}

export function costMsats(
  used: { input_tokens: number; cached_input_tokens: number; output_tokens: number },
  price: TokenPrice,
): number {
  const fresh = Math.max(0, used.input_tokens - used.cached_input_tokens);
  const total =
    fresh * price.inputMsats +
    used.cached_input_tokens * price.cachedInputMsats +
    used.output_tokens * price.outputMsats;
  return Math.ceil(total / PER_TOKENS);
}
