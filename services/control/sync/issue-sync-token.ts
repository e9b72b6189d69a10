import type { Sql } from '#db/connect.ts';
import { ProblemError } from '#proto/errors.ts';
import type { SyncTokenRequest, SyncTokenResponse } from '#proto/gen/types.ts';
import { newId } from '#proto/ids.ts';
import { formatTime } from '#proto/time.ts';
import type { Person } from '../../shared/http/caller.ts';
import { type CommandIds, writeAudit } from '../guards/audit.ts';
import type { CallTrace, RuntimeClient } from '../runtime-client.ts';
import { after } from '../sessions/session-policy.ts';
import type { KeyRing } from '../tokens/key-ring.ts';
import { signSyncToken } from '../tokens/sync-token.ts';
import { type GrantPlan, planGrants, requireOwned } from './topic-grants.ts';

/** Below a minute a client would do little but renew. */
export const SYNC_TTL_MIN_S = 60;
export const SYNC_TTL_DEFAULT_S = 300;
/** How long a lost membership could go unnoticed by a node that follows no revocations. */
export const SYNC_TTL_MAX_S = 900;
/** Without a key the token alone opens the socket, so it is worth stealing only for this long. */
export const BEARER_TTL_MAX_S = 60;

export interface SyncTokenDeps {
  readonly sql: Sql;
  readonly keys: KeyRing;
  readonly runtime: Pick<RuntimeClient, 'authorizeTopics'>;
  readonly khalaUrl: string;
  readonly now: () => Date;
}

/** The command's ids, and the trace that the question to the runtime continues. */
export type SyncTokenCommand = CommandIds & CallTrace;

/**
 * A token for exactly these topics, bound to the session's device and to the client's key where it has one.
 *
 * @throws ProblemError invalid_request, invalid_scope, forbidden, service_unavailable
 */
export async function issueSyncToken(
  deps: SyncTokenDeps,
  person: Person,
  request: SyncTokenRequest,
  command: SyncTokenCommand,
): Promise<SyncTokenResponse> {
  const ttlSeconds = lifeOf(request);
  try {
    const plan = await grantTopics(deps, person, request, command);
    return await mint(deps, person, { plan, ttlSeconds, jkt: request.jkt, command });
  } catch (error) {
    if (error instanceof ProblemError) await auditDenial(deps, person, request, command, error);
    throw error;
  }
}

async function grantTopics(
  { runtime }: SyncTokenDeps,
  person: Person,
  request: SyncTokenRequest,
  trace: CallTrace,
): Promise<GrantPlan> {
  if (request.device_id !== '' && request.device_id.toLowerCase() !== person.device_id) {
    throw new ProblemError('forbidden', 'This session belongs to another device.');
  }
  const plan = planGrants(request, person);
  const { user_id, org_id, scopes } = person;
  const topics = plan.grants.map(({ topic }) => topic);
  const question = { user_id, org_id, org_scopes: [...scopes], topics };
  const owned = await runtime.authorizeTopics(question, trace);
  requireOwned(request.topics, owned.topics);
  return plan;
}

async function mint(
  { sql, keys, khalaUrl, now }: SyncTokenDeps,
  person: Person,
  draft: { plan: GrantPlan; ttlSeconds: number; jkt: string; command: SyncTokenCommand },
): Promise<SyncTokenResponse> {
  const { plan, ttlSeconds, jkt, command } = draft;
  const { user_id, session_id, device_id, org_id } = person;
  const issuedAt = now();
  const expiresAt = after(issuedAt, ttlSeconds * 1000);
  const tokenId = newId('tok');
  const topics = plan.grants.map(({ topic }) => topic);
  const scopes = [...plan.scopes];
  const bound = jkt !== '';
  await writeAudit(sql, {
    event: 'sync.token.issued',
    outcome: 'ok',
    requestId: command.requestId,
    auditId: command.auditId,
    subject: { user_id, session_id, device_id, org_id },
    attributes: { jti: tokenId, topics, scopes, ttl_seconds: ttlSeconds, bound },
    now: issuedAt,
  });
  const token = await signSyncToken(keys, {
    tokenId,
    userId: user_id,
    sessionId: session_id,
    deviceId: device_id,
    orgId: org_id,
    scopes,
    topics,
    jkt,
    issuedAt,
    expiresAt,
  });
  return {
    token,
    token_type: bound ? 'KhalaProof' : 'Bearer',
    expires_in_seconds: ttlSeconds,
    issued_at: formatTime(issuedAt.getTime()),
    expires_at: formatTime(expiresAt.getTime()),
    token_id: tokenId,
    session_id,
    device_id,
    org_id,
    topics: plan.grants.map(({ topic, scope }) => ({ topic, required_scope: scope })),
    endpoints: [{ url: khalaUrl, topics }],
  };
}

async function auditDenial(
  { sql, now }: SyncTokenDeps,
  { user_id, session_id, device_id, org_id }: Person,
  { topics }: SyncTokenRequest,
  { requestId, auditId }: SyncTokenCommand,
  problem: ProblemError,
): Promise<void> {
  const faults = problem.faults.map(({ path }) => path);
  await writeAudit(sql, {
    event: 'sync.token.denied',
    outcome: problem.status >= 500 ? 'failed' : 'denied',
    requestId,
    auditId,
    subject: { user_id, session_id, device_id, org_id },
    attributes: { reason: problem.code, faults, asked: topics.length },
    now: now(),
  });
}

/** @throws ProblemError invalid_request for a life outside the bounds. */
function lifeOf({ ttl_seconds, jkt }: SyncTokenRequest): number {
  const asked = ttl_seconds === 0 ? SYNC_TTL_DEFAULT_S : ttl_seconds;
  if (asked < SYNC_TTL_MIN_S || asked > SYNC_TTL_MAX_S) {
    const reason = `must be ${SYNC_TTL_MIN_S} to ${SYNC_TTL_MAX_S}`;
    throw new ProblemError('invalid_request', `ttl_seconds ${reason}.`, {
      faults: [{ path: '$.ttl_seconds', reason }],
    });
  }
  return jkt === '' ? Math.min(asked, BEARER_TTL_MAX_S) : asked;
}
