/**
 * `GET /v1/sync/snapshots/{topic}`: what a reader without a usable cursor starts from.
 *
 * 1. Who may not join a topic may not read its snapshot, and does not learn whether it exists.
 * 2. A bound token comes with a proof of this very request; a token without a key is no better here than on a socket, and
 *    what was revoked opens nothing, nor does anything on a node that does not know what was.
 */
import { type Context, Hono } from 'hono';
import { cors } from 'hono/cors';
import type { Logger } from 'pino';
import type { StoredSnapshot } from '#db/runtime/snapshot-read.ts';
import { ProblemError } from '#proto/errors.ts';
import { parseTopic } from '#proto/topics.ts';
import { problemResponse } from '#services/shared/http/problem.ts';
import { requestIdOf } from '#services/shared/http/request-identity.ts';
import { setSecurityHeaders } from '#services/shared/http/security-headers.ts';
import type { AuditEntry } from '../audit/audit-log.ts';
import { createDpopVerifier } from '../authentication/dpop.ts';
import { createOriginPolicy } from '../authentication/origin.ts';
import type { Grant } from '../authentication/sync-token.ts';
import { joinDecision } from '../join/join-check.ts';
import type { TopicHead } from '../journal/journal-reader.ts';
import { SessionFault } from '../session/session-fault.ts';
import type { SessionNode } from '../session/session-node.ts';
import { SNAPSHOTS_PATH } from './snapshot-path.ts';
import type { SnapshotStore } from './snapshot-store.ts';

export interface SnapshotDeps {
  node: Pick<SessionNode, 'verifySyncToken' | 'revocations' | 'audit' | 'metrics' | 'now'>;
  store: SnapshotStore;
  headOf(topic: string): Promise<TopicHead | undefined>;
  allowedOrigins: readonly string[];
  logger: Logger;
}

/** What a page may read of the answer beside its body. */
const EXPOSED_HEADERS = [
  ...['etag', 'khala-as-of-seq', 'khala-epoch', 'khala-head-seq', 'repr-digest'],
  ...['retry-after', 'x-request-id'],
];
/** A browser asks again this often whether it may. */
const CORS_MAX_AGE_S = 600;

export function createSnapshotRoutes(deps: SnapshotDeps): Hono {
  const { node, logger } = deps;
  const dpop = createDpopVerifier({ now: node.now });
  const originAllowed = createOriginPolicy(deps.allowedOrigins);
  const app = new Hono();

  app.use(
    `${SNAPSHOTS_PATH}/*`,
    cors({
      origin: (origin) => (originAllowed(origin) ? origin : null),
      allowMethods: ['GET'],
      allowHeaders: ['authorization', 'dpop', 'if-none-match'],
      exposeHeaders: EXPOSED_HEADERS,
      maxAge: CORS_MAX_AGE_S,
    }),
  );
  app.get(`${SNAPSHOTS_PATH}/:topic`, async (c) => {
    const requestId = requestIdOf(c.req.raw.headers);
    const response = await answer(c).catch((error: unknown) =>
      problemResponse(problemOf(error), requestId, logger),
    );
    response.headers.set('x-request-id', requestId);
    setSecurityHeaders(response.headers);
    return response;
  });

  async function answer(c: Context): Promise<Response> {
    if (!originAllowed(c.req.header('origin'))) {
      throw refused('auth_failure', new SessionFault('forbidden_origin', 'origin_not_allowed'));
    }
    if (node.audit.full) throw new SessionFault('overloaded', 'audit_unavailable');
    const topic = c.req.param('topic') ?? '';
    const grant = await grantOf(c).catch((error: unknown) => {
      throw refused('auth_failure', error);
    });
    const who = { userId: grant.userId, sessionId: grant.sessionId, deviceId: grant.deviceId };
    const head = grant.topics.has(topic) ? await deps.headOf(topic) : undefined;
    const decision = joinDecision(topic, grant, head, node.revocations);
    if (!decision.allowed) {
      const fault = new SessionFault(decision.code, decision.reason);
      throw refused('deny', fault, { ...who, topic: parseTopic(topic).ok ? topic : '' });
    }
    const known = c.req.header('if-none-match')?.match(/^"([0-9a-f]{64})"$/)?.[1];
    const found = await deps.store.read(decision.head, known);
    const topic_class = decision.head.class;
    if (!found) {
      node.metrics.khala_snapshots_total.record(1, { topic_class, outcome: 'absent' });
      throw new ProblemError('not_found', 'This topic has no snapshot.');
    }
    record('allow', 'snapshot_read', { ...who, topic });
    const outcome = found.payload ? 'sent' : 'not_modified';
    node.metrics.khala_snapshots_total.record(1, { topic_class, outcome });
    node.metrics.khala_snapshot_bytes_total.record(found.payload?.length ?? 0, { topic_class });
    return responseOf(found);
  }

  /** @throws SessionFault where token or proof is not accepted (invariant 2). */
  async function grantOf(c: Context): Promise<Grant> {
    const [scheme = '', token = ''] = (c.req.header('authorization') ?? '').split(' ');
    if (token === '') throw new SessionFault('unauthorized', 'no_token');
    const unknown = node.revocations.unknownFault();
    if (unknown) throw unknown;
    const grant = await node.verifySyncToken(token);
    const over = node.revocations.faultOf(grant);
    if (over) throw over;
    const { keyThumbprint } = grant;
    const expected = keyThumbprint === undefined ? 'bearer' : 'dpop';
    if (scheme.toLowerCase() !== expected) throw new SessionFault('unauthorized', 'wrong_scheme');
    if (keyThumbprint === undefined) return grant;
    await dpop.verify({
      proof: c.req.header('dpop') ?? '',
      method: c.req.method,
      url: new URL(c.req.url),
      host: c.req.header('host') ?? '',
      token,
      grant: { ...grant, keyThumbprint },
    });
    return grant;
  }

  function record(
    decision: AuditEntry['decision'],
    reason: string,
    about: Partial<AuditEntry>,
  ): void {
    node.audit.record({ connectionId: '', decision, reason, ...about });
  }

  /** The same error, audited where it is one of ours. */
  function refused(
    decision: AuditEntry['decision'],
    error: unknown,
    about: Partial<AuditEntry> = {},
  ): unknown {
    if (error instanceof SessionFault) {
      record(decision, error.reason, about);
      node.metrics.khala_snapshot_refusals_total.record(1, { reason: error.reason });
    }
    return error;
  }

  return app;
}

function responseOf({ head, asOfSeq, sha256Hex, payload }: StoredSnapshot): Response {
  const headers = {
    'khala-as-of-seq': String(asOfSeq),
    'khala-epoch': head.epoch,
    'khala-head-seq': String(head.headSeq),
    'cache-control': 'private, no-cache',
    etag: `"${sha256Hex}"`,
  };
  if (!payload) return new Response(null, { status: 304, headers });
  const digest = Buffer.from(sha256Hex, 'hex').toString('base64');
  return new Response(new Uint8Array(payload), {
    headers: {
      ...headers,
      'content-type': 'application/json',
      'repr-digest': `sha-256=:${digest}:`,
    },
  });
}

/** The socket's closed list, in the words of HTTP. */
function problemOf(error: unknown): unknown {
  if (!(error instanceof SessionFault)) return error;
  const { code, message, retryAfterMs } = error;
  switch (code) {
    case 'forbidden_topic':
    case 'bad_subscription':
    case 'forbidden_origin':
      return new ProblemError('forbidden', 'This may not be read.');
    case 'overloaded':
      return new ProblemError('service_unavailable', message, { retryAfterMs, cause: error });
    default:
      return new ProblemError('unauthorized', message, { cause: error });
  }
}
