/** Why Codex gave a turn up, in the words of a worker's error: pure. */
import { redactText } from '#proto/redact.ts';
import type { TurnOutcome } from '../driver.ts';
import type { TurnError } from './protocol.ts';

type Failure = NonNullable<TurnOutcome['failure']>;

const MESSAGE_CHARACTERS_MAX = 1_500;
const UNAUTHORIZED_STATUS: readonly unknown[] = [401, 403];

/** What another try on the same machine may find gone. */
const PASSING: ReadonlySet<string> = new Set([
  'httpConnectionFailed',
  'responseStreamConnectionFailed',
  'responseStreamDisconnected',
  'responseTooManyFailedAttempts',
  'serverOverloaded',
  'internalServerError',
  'rateLimitExceeded',
]);

/** The last of several broken streams is called `other`; only its words tell. */
const BROKEN_STREAM = /^stream disconnected before completion/;

/** What somebody has to pay, to log in for or to permit first. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'usageLimitExceeded',
  'sessionBudgetExceeded',
  'policyCapacityUnavailable',
  'cyberPolicy',
  'bioPolicy',
  'misalignmentPolicyViolation',
]);

export function failureOf(error: TurnError | null | undefined): Failure {
  const { name, status } = kindOf(error);
  const said = redactText(error?.message ?? 'it did not say why').slice(0, MESSAGE_CHARACTERS_MAX);
  if (name === 'unauthorized' || UNAUTHORIZED_STATUS.includes(status)) {
    return {
      code: 'forbidden',
      message: `the model refused the login of this worker (${said}). Log in again with \`codex login\`, or give the worker another key`,
      retryable: false,
    };
  }
  if (FORBIDDEN.has(name)) {
    return { code: 'forbidden', message: `Codex gave up: ${said}`, retryable: false };
  }
  if (name === 'modelNotFound' || name === 'badRequest') {
    return { code: 'invalid_request', message: `the model refused: ${said}`, retryable: false };
  }
  const retryable = PASSING.has(name) || BROKEN_STREAM.test(error?.message ?? '');
  return {
    code: retryable ? 'worker_unavailable' : 'internal_error',
    message: `Codex gave up: ${said}`,
    retryable,
  };
}

function kindOf(error: TurnError | null | undefined): { name: string; status: unknown } {
  const info = error?.codexErrorInfo;
  if (typeof info === 'string') return { name: info, status: undefined };
  const [entry] = Object.entries(info ?? {});
  if (!entry) return { name: 'other', status: undefined };
  const [name, detail] = entry;
  const status =
    typeof detail === 'object' && detail !== null && 'httpStatusCode' in detail
      ? detail.httpStatusCode
      : undefined;
  return { name, status };
}
