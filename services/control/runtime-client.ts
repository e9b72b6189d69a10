import { ProblemError } from '#proto/errors.ts';
import type {
  AuthorizeTopicsRequest,
  AuthorizeTopicsResponse,
  RevokeSyncRequest,
  RevokeSyncResponse,
} from '#proto/gen/types.ts';
import { type MessageName, readMessage } from '#proto/validate.ts';
import {
  bodySha256,
  INTERNAL_ASSERTION_HEADER,
  type SignAssertion,
} from '../shared/internal-assertion.ts';

/** What control asks of the runtime, each call signed. */
export interface RuntimeClient {
  /** @throws ProblemError service_unavailable */
  authorizeTopics(
    request: AuthorizeTopicsRequest,
    trace: CallTrace,
  ): Promise<AuthorizeTopicsResponse>;
  /** @throws ProblemError service_unavailable */
  revokeSync(request: RevokeSyncRequest, trace: CallTrace): Promise<RevokeSyncResponse>;
}

export interface CallTrace {
  readonly requestId: string;
  readonly traceparent?: string | undefined;
}

export const RUNTIME_AUDIENCE = 'runtime';

/** Both calls are a query or an insert there; longer than this, the runtime is not well. */
const CALL_TIMEOUT_MS = 3_000;

/** When to ask again for what needed the runtime. */
const RETRY_AFTER_MS = 1_000;

export function createRuntimeClient(deps: {
  runtimeUrl: string;
  sign: SignAssertion;
  timeoutMs?: number;
}): RuntimeClient {
  const { runtimeUrl, sign, timeoutMs = CALL_TIMEOUT_MS } = deps;

  async function post(target: string, body: object, trace: CallTrace): Promise<unknown> {
    const bytes = JSON.stringify(body);
    const call = { method: 'POST', target, bodySha256: bodySha256(bytes) };
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      'x-request-id': trace.requestId,
      [INTERNAL_ASSERTION_HEADER]: await sign(RUNTIME_AUDIENCE, call),
    };
    if (trace.traceparent) headers['traceparent'] = trace.traceparent;
    try {
      const response = await fetch(new URL(target, runtimeUrl), {
        method: 'POST',
        headers,
        body: bytes,
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (response.ok) return await response.json();
      await response.body?.cancel();
      throw new Error(`the runtime answered ${response.status} to ${target}`);
    } catch (cause) {
      throw new ProblemError('service_unavailable', 'The runtime cannot be asked now.', {
        retryAfterMs: RETRY_AFTER_MS,
        cause,
      });
    }
  }

  return {
    async authorizeTopics(request, trace) {
      const answer = await post('/internal/v1/sync/topics/authorize', request, trace);
      return readData('openagents.runtime.v1.AuthorizeTopicsResponse', answer);
    },
    async revokeSync(request, trace) {
      const answer = await post('/internal/v1/sync/sessions/revoke', request, trace);
      return readData('openagents.runtime.v1.RevokeSyncResponse', answer);
    },
  };
}

function readData<N extends MessageName>(name: N, answer: unknown) {
  return readMessage(name, (answer as { data?: unknown } | null)?.data);
}
