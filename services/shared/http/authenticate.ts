import { ProblemError } from '#proto/errors.ts';
import { TokenRejected, type VerifyAccessToken } from '../access-token.ts';
import {
  type AssertedCall,
  AssertionRejected,
  ClocksDiffer,
  INTERNAL_ASSERTION_HEADER,
  type VerifyAssertion,
} from '../internal-assertion.ts';
import { ANONYMOUS, type Caller, type Person, person, service } from './caller.ts';

/** Who may call a route: nobody in particular, a person, one of our services, or either of them. */
export type RouteAuth = 'none' | 'access' | 'internal' | 'access_or_internal';

/**
 * Finds the caller of a request, or refuses it.
 *
 * @param call read only where an assertion is to be checked, because the digest of a body costs its reading.
 * @throws ProblemError unauthorized, session_revoked, service_unavailable
 */
export type Authenticate = (
  auth: RouteAuth,
  headers: Headers,
  call: () => Promise<AssertedCall>,
) => Promise<Caller>;

export interface AuthenticationDeps {
  verifyAccessToken: VerifyAccessToken;
  verifyAssertion: VerifyAssertion;
  /** True where the session behind a token was revoked after the token was issued. */
  isRevoked?: (person: Person) => Promise<boolean>;
  onFailure?: (reason: string) => void;
}

/** Keys are read again, and clocks set, by others: soon enough to notice it, rarely enough not to hammer. */
const RETRY_AFTER_MS = 1_000;

function unavailable(detail: string, cause: unknown): ProblemError {
  return new ProblemError('service_unavailable', detail, { retryAfterMs: RETRY_AFTER_MS, cause });
}

const BEARER = /^Bearer ([\w.~+/-]+=*)$/i;

/** Default deny: whatever is not proven is `unauthorized`; the reason goes to `onFailure`, never to the caller. */
export function createAuthenticator(deps: AuthenticationDeps): Authenticate {
  const { verifyAccessToken, verifyAssertion, isRevoked, onFailure } = deps;

  function refuse(reason: string): never {
    onFailure?.(reason);
    throw new ProblemError('unauthorized', 'A valid credential is needed.');
  }

  async function byToken(header: string | null): Promise<Person> {
    if (header === null) refuse('missing');
    const token = BEARER.exec(header)?.[1];
    if (!token) refuse('malformed');
    const claims = await verifyAccessToken(token).catch((error: unknown) => {
      if (!(error instanceof TokenRejected)) throw error;
      if (error.reason !== 'unavailable') refuse(error.reason);
      onFailure?.('key_set_unavailable');
      throw unavailable('Credentials cannot be checked now.', error);
    });
    const { jti: token_id, expires_at_ms: _, ...identity } = claims;
    return person({ ...identity, token_id });
  }

  async function byAssertion(token: string, call: AssertedCall): Promise<Caller> {
    try {
      const caller = await verifyAssertion(token, call);
      if (!caller.principal) return service(caller.service);
      const { issued_at_ms } = caller;
      return person({ ...caller.principal, token_id: '', issued_at_ms });
    } catch (error) {
      if (error instanceof ClocksDiffer) {
        onFailure?.('clocks_differ');
        const detail = 'The clock of this service and that of the service that calls it differ.';
        throw unavailable(detail, error);
      }
      if (error instanceof AssertionRejected) refuse('assertion');
      throw error;
    }
  }

  return async function authenticate(auth, headers, call) {
    if (auth === 'none') return ANONYMOUS;
    const assertion = headers.get(INTERNAL_ASSERTION_HEADER);
    if (assertion === null && auth === 'internal') refuse('missing');
    const caller =
      assertion === null
        ? await byToken(headers.get('authorization'))
        : await byAssertion(assertion, await call());
    // A gateway speaks for a person wherever a person may call; a bare service only where the table says so.
    if (auth === 'access' && caller.kind !== 'person') refuse('service_on_public_route');
    if (auth === 'internal' && caller.kind !== 'service') refuse('person_on_internal_route');
    if (caller.kind === 'person' && (await isRevoked?.(caller))) {
      onFailure?.('revoked');
      throw new ProblemError('session_revoked', 'This session was revoked. Log in again.');
    }
    return caller;
  };
}
