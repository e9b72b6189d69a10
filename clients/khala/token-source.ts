import { decodeJwt } from 'jose';
import type { Clock, SyncToken } from './types.ts';

/** Refresh at this share of a token's life: late enough to be rare, early enough for some failed attempts. */
const REFRESH_AT_LIFE_SHARE = 0.75;
/** A token that would die during the handshake is not worth presenting. */
const USABLE_LIFE_MIN_MS = 5_000;

export interface HeldToken {
  token: string;
  jti: string;
  /** What it grants. */
  topics: ReadonlySet<string>;
  /** What the mint was asked to grant. */
  asked: ReadonlySet<string>;
  /** Carries the thumbprint of the proof key. */
  bound: boolean;
  refreshAtMs: number;
  expiresAtMs: number;
  /** The issuer's clock, as far as this token tells: what it signed as now, plus the time since. */
  serverNowS(): number;
}

export interface TokenSource {
  /** The held token where it still serves for `topics`, else a new one. Concurrent callers share one mint. */
  obtain(topics: readonly string[]): Promise<HeldToken>;
  renew(topics: readonly string[]): Promise<HeldToken>;
  discard(): void;
}

export function createTokenSource(
  mint: (topics: readonly string[]) => Promise<SyncToken>,
  clock: Clock,
): TokenSource {
  let held: HeldToken | undefined;
  let minting: { topics: ReadonlySet<string>; result: Promise<HeldToken> } | undefined;

  async function renew(topics: readonly string[]): Promise<HeldToken> {
    if (minting) {
      const { topics: underway, result } = minting;
      if (topics.every((topic) => underway.has(topic))) return result;
      // What is under way grants too little; its outcome is its own callers' matter.
      await result.catch(() => undefined);
      return renew(topics);
    }
    const result = mint(topics)
      .then(({ token }) => {
        held = hold(token, topics, clock);
        return held;
      })
      .finally(() => {
        minting = undefined;
      });
    minting = { topics: new Set(topics), result };
    return result;
  }

  return {
    renew,
    async obtain(topics) {
      const usable =
        held !== undefined &&
        held.expiresAtMs - clock.nowMs() > USABLE_LIFE_MIN_MS &&
        topics.every((topic) => held?.topics.has(topic));
      return usable && held ? held : renew(topics);
    },
    discard() {
      held = undefined;
    },
  };
}

/** Lifetime by the issuer's own two claims, counted from now: a wrong local clock changes nothing. */
function hold(token: string, asked: readonly string[], clock: Clock): HeldToken {
  const nowMs = clock.nowMs();
  const claims = decodeJwt(token);
  const { jti, iat, exp } = claims;
  if (jti === undefined || iat === undefined || exp === undefined) {
    throw new TypeError('a sync token carries jti, iat and exp');
  }
  // Claims are whole seconds, so up to one of them had passed when the token was made.
  const lifeMs = Math.max(0, exp - iat - 1) * 1000;
  const granted = Array.isArray(claims['topics']) ? claims['topics'] : [];
  return {
    token,
    jti,
    topics: new Set(granted.filter((topic): topic is string => typeof topic === 'string')),
    asked: new Set(asked),
    bound: typeof claims['cnf'] === 'object',
    refreshAtMs: nowMs + lifeMs * REFRESH_AT_LIFE_SHARE,
    expiresAtMs: nowMs + lifeMs,
    serverNowS: () => iat + Math.floor((clock.nowMs() - nowMs) / 1000),
  };
}
