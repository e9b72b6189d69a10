/** Failures as workflows see them: retried where time may help, final where the payload is the cause. */
import { ApplicationFailure } from '@temporalio/common';
import postgres from 'postgres';
import { CanonicalError } from '#proto/canonical.ts';
import { ProblemError } from '#proto/errors.ts';
import { InvalidIdError } from '#proto/ids.ts';
import { IllegalRunTransitionError } from '#workflows/run/state.ts';

/** What no retry can mend. */
const FINAL = [CanonicalError, InvalidIdError, IllegalRunTransitionError];

// biome-ignore lint/suspicious/noExplicitAny: activities have arguments of every kind
type Activities = object & { [name: string]: (...args: any[]) => Promise<unknown> };

/** Class 22 of SQLSTATE: a value that the database cannot hold. */
const DATA_EXCEPTION = '22';

/** The same activities, each throwing registered failure types instead of our errors. */
export function withReadableFailures<A extends { [K in keyof A]: Activities[string] }>(
  activities: A,
): A {
  const wrapped = Object.entries<Activities[string]>(activities).map(([name, activity]) => [
    name,
    async (...args: unknown[]) => {
      try {
        return await activity(...args);
      } catch (error) {
        throw readable(error);
      }
    },
  ]);
  return Object.fromEntries(wrapped);
}

export function readable(error: unknown): unknown {
  if (error instanceof ProblemError) {
    return error.retryable
      ? ApplicationFailure.retryable(error.message, error.code)
      : ApplicationFailure.nonRetryable(error.message, error.code);
  }
  if (error instanceof postgres.PostgresError && error.code.startsWith(DATA_EXCEPTION)) {
    return ApplicationFailure.nonRetryable(error.message, 'DataException');
  }
  if (error instanceof Error && FINAL.some((kind) => error instanceof kind)) {
    return ApplicationFailure.nonRetryable(error.message, error.name);
  }
  return error;
}
