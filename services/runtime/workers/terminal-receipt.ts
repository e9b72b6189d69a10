import { z } from 'zod';
import type { RequestEnd } from '#db/runtime/worker-requests.ts';
import type { JsonObject } from '#proto/canonical.ts';
import { ProblemError } from '#proto/errors.ts';
import { withoutSecrets } from '../without-secrets.ts';

/** What only the platform says about a worker; a host changes its status through the status route. */
const RESERVED = new Set([
  'worker.request',
  'worker.summary',
  ...['starting', 'started', 'running', 'stopping', 'stopped', 'failed'].map(
    (status) => `worker.${status}`,
  ),
]);

const ERROR_CODES = [
  'unauthorized',
  'forbidden',
  'invalid_request',
  'unsupported_method',
  'conflict',
  'worker_unavailable',
  'timeout',
  'internal_error',
] as const;

const MESSAGE_LENGTH_MAX = 2_000;
const REQUEST_ID_LENGTH_MAX = 160;

const requestId = z.string().min(1).max(REQUEST_ID_LENGTH_MAX);
const responseSchema = z.looseObject({
  request_id: requestId,
  ok: z.literal(true).optional(),
  response: z.record(z.string(), z.json()).default({}),
});
const errorSchema = z.looseObject({
  request_id: requestId,
  ok: z.literal(false).optional(),
  code: z.enum(ERROR_CODES),
  message: z.string().max(MESSAGE_LENGTH_MAX).default(''),
  retryable: z.boolean().optional(),
});

export interface TerminalReceipt {
  request_id: string;
  end: RequestEnd;
}

/**
 * The receipt that an event is; null for any other event.
 *
 * @throws ProblemError reserved_event_type, invalid_request
 */
export function readTerminalReceipt(
  eventType: string,
  payload: JsonObject,
  path: string,
): TerminalReceipt | null {
  if (RESERVED.has(eventType)) {
    throw new ProblemError('reserved_event_type', `Only the platform writes ${eventType}.`, {
      faults: [{ path: `${path}.event_type`, reason: 'is reserved' }],
    });
  }
  if (eventType === 'worker.response') {
    const { request_id, response } = parse(responseSchema, payload, path);
    return { request_id, end: { ok: true, response: response as JsonObject } };
  }
  if (eventType === 'worker.error') {
    const { request_id, code, message, retryable } = parse(errorSchema, payload, path);
    return {
      request_id,
      end: { ok: false, code, message, ...(retryable !== undefined && { retryable }) },
    };
  }
  return null;
}

function parse<S extends z.ZodType>(schema: S, payload: JsonObject, path: string): z.output<S> {
  const result = schema.safeParse(withoutSecrets(payload));
  if (result.success) return result.data;
  throw new ProblemError('invalid_request', 'The receipt is not valid.', {
    faults: result.error.issues.map((issue) => ({
      path: [path, 'payload', ...issue.path].join('.'),
      reason: issue.message,
    })),
  });
}
