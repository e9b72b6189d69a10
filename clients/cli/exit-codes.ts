import { ApiError } from '../api/errors.ts';

/** What scripts can rely on; documented in `oa --help`. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  auth: 4,
  conflict: 5,
  upgradeRequired: 6,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command cannot go on, and says why in words for a person. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  /** What to do about it. */
  readonly hint: string;

  constructor(exitCode: ExitCode, message: string, hint = '') {
    super(message);
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** A flag or argument that is missing or wrong. */
export function usageError(message: string, hint = ''): CliError {
  return new CliError(EXIT.usage, message, hint);
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliError) return error.exitCode;
  if (!(error instanceof ApiError)) return EXIT.failure;
  switch (error.kind) {
    case 'MissingCredential':
    case 'Unauthorized':
    case 'Forbidden':
      return EXIT.auth;
    case 'Validation':
      return exitCodeOfRefusal(error);
    case 'Unsupported':
      return error.status === UPGRADE_REQUIRED ? EXIT.upgradeRequired : EXIT.failure;
    case 'ServiceUnavailable':
    case 'RateLimited':
    case 'Network':
    case 'Decode':
    case 'Unknown':
      return EXIT.failure;
  }
}

const UPGRADE_REQUIRED = 426;

function exitCodeOfRefusal(error: ApiError): ExitCode {
  if (error.code === 'idempotency_conflict') return EXIT.conflict;
  switch (error.status) {
    case 404:
      return EXIT.notFound;
    case 409:
    case 412:
      return EXIT.conflict;
    default:
      return EXIT.usage;
  }
}
