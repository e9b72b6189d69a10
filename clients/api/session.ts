/**
 * The login of this device at one control service.
 *
 * 1. `signed_out → active ⇄ refreshing → signed_out | reauth_required`; only a login leaves the last two.
 * 2. An access token is refreshed before it is used when its end is near, once for all callers of this process, and
 *    under a lock for all processes of this user: refresh tokens rotate, and using an old one ends the session.
 * 3. A refresh whose answer was lost is repeated with the same refresh token, which the server takes as the same retry.
 * 4. Only control ends a login. A service that refuses what control issued a moment ago has another clock or other keys
 *    than control, which passes: no credential is at fault, and a newer one would be refused too.
 */
import type { AuthSession, AuthTokens, User } from '#proto/gen/types.ts';
import { ApiError } from './errors.ts';
import { SESSION_SCHEMA, type SessionStore, type StoredSession } from './session-store.ts';

export type SessionState =
  | { name: 'signed_out' }
  | { name: 'active'; session: StoredSession }
  | { name: 'refreshing'; session: StoredSession }
  | { name: 'reauth_required'; reason: string };

export interface SessionDeps {
  controlUrl: string;
  store: SessionStore;
  now(): number;
  refresh(refreshToken: string): Promise<{ session: AuthSession; tokens: AuthTokens }>;
}

/** A token that ends within this time is refreshed first: longer than any request, much shorter than its hour. */
export const REFRESH_BEFORE_MS = 60_000;

/** So long after its refresh, a token that is refused is no sign of an ended login (4), and is not refreshed again. */
export const NEW_TOKEN_MS = 30_000;

export interface Session {
  readonly state: SessionState;
  load(): Promise<StoredSession | undefined>;
  /** A token that is good for a request now. Throws ApiError MissingCredential or Unauthorized. */
  accessToken(): Promise<string>;
  /**
   * The server refused `token` though it had not ended: `accessToken` brings another one. Throws what refused the refresh,
   * the refusal itself where it names the session, and ServiceUnavailable for a token that is new (4).
   */
  refused(token: string, refusal: ApiError): Promise<void>;
  establish(answer: {
    session: AuthSession;
    tokens: AuthTokens;
    user: User;
  }): Promise<StoredSession>;
  end(): Promise<void>;
}

export function createSession(deps: SessionDeps): Session {
  let state: SessionState = { name: 'signed_out' };
  let refreshing: Promise<StoredSession> | undefined;
  let newest: { token: string; fromMs: number } | undefined;

  async function load(): Promise<StoredSession | undefined> {
    const session = await deps.store.load();
    if (refreshing === undefined) {
      if (session) state = { name: 'active', session };
      else if (state.name !== 'reauth_required') state = { name: 'signed_out' };
    }
    return session;
  }

  function refreshOnce(stale: StoredSession): Promise<StoredSession> {
    refreshing ??= refreshExclusively(stale).finally(() => {
      refreshing = undefined;
    });
    return refreshing;
  }

  async function refreshExclusively(stale: StoredSession): Promise<StoredSession> {
    state = { name: 'refreshing', session: stale };
    try {
      const session = await deps.store.exclusively(async () => {
        const current = await deps.store.load();
        if (!current) throw missing();
        // Another process was first (2).
        if (current.access_token !== stale.access_token) return current;
        const answer = await deps.refresh(current.refresh_token);
        const renewed: StoredSession = {
          ...current,
          ...tokensOf(answer.tokens, deps.now()),
          org_id: answer.session.active_org_id,
          session_id: answer.session.session_id,
        };
        await deps.store.save(renewed);
        return renewed;
      });
      state = { name: 'active', session };
      newest = { token: session.access_token, fromMs: deps.now() };
      return session;
    } catch (error) {
      const ended = error instanceof ApiError && error.kind === 'Unauthorized';
      state = ended
        ? { name: 'reauth_required', reason: error.message }
        : { name: 'active', session: stale };
      if (ended) await deps.store.forget();
      throw error;
    }
  }

  return {
    get state() {
      return state;
    },
    load,
    async accessToken() {
      const session = await load();
      if (!session) throw missing();
      if (session.access_expires_at_ms - deps.now() > REFRESH_BEFORE_MS)
        return session.access_token;
      return (await refreshOnce(session)).access_token;
    },
    async refused(token, refusal) {
      const session = await load();
      if (session?.access_token !== token) return;
      const isNew = newest?.token === token && deps.now() - newest.fromMs < NEW_TOKEN_MS;
      if (isNew) throw refusal.code === 'unauthorized' ? disagreement(refusal) : refusal;
      await refreshOnce(session);
    },
    async establish({ session, tokens, user }) {
      const stored: StoredSession = {
        schema: SESSION_SCHEMA,
        control_url: deps.controlUrl,
        user_id: session.user_id,
        email: user.email,
        org_id: session.active_org_id,
        session_id: session.session_id,
        ...tokensOf(tokens, deps.now()),
      };
      await deps.store.exclusively(() => deps.store.save(stored));
      state = { name: 'active', session: stored };
      return stored;
    },
    async end() {
      await deps.store.exclusively(() => deps.store.forget());
      state = { name: 'signed_out' };
    },
  };
}

function tokensOf(tokens: AuthTokens, nowMs: number) {
  return {
    access_token: tokens.access_token,
    refresh_token: tokens.refresh_token,
    access_expires_at_ms: nowMs + tokens.expires_in_seconds * 1_000,
  };
}

function disagreement(refusal: ApiError): ApiError {
  const { status, code, requestId } = refusal;
  return new ApiError(
    'ServiceUnavailable',
    'a token that control has just issued is refused: the clocks or the keys of the services differ',
    { status, code, requestId, cause: refusal },
  );
}

function missing(): ApiError {
  return new ApiError('MissingCredential', 'You are not logged in. Run `oa login`.');
}
