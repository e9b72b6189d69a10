import { z } from 'zod';
import { FAULT_POINTS_SETTING } from '#proto/fault-points.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Exit code of a process that refuses its configuration (`EX_CONFIG` of sysexits). */
export const CONFIGURATION_EXIT_CODE = 78;

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** What every process reads; a process spreads these into its own `z.object`. */
export const commonSettings = {
  OA_ENV: z.enum(['development', 'test', 'production']).default('development'),
  OA_LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
  OA_HOST: z.string().min(1).default('127.0.0.1'),
  OA_BUILD_ID: z.string().default(''),
  /** Spans as JSON lines into this file; empty: spans stay in the process and only carry trace ids. */
  OA_TRACE_FILE: z.string().default(''),
  /** Where tests arm the places at which a process kills itself; empty: nowhere. Refused in production. */
  [FAULT_POINTS_SETTING]: z.string().default(''),
} as const;

/** What only tests ask of a process. */
const NEVER_IN_PRODUCTION: readonly string[] = [FAULT_POINTS_SETTING];

/** The setting of a TCP port; 0 asks the system for a free one. */
export function portSetting(defaultPort: number) {
  return z.coerce.number().int().min(0).max(65_535).default(defaultPort);
}

/** A setting that is on with `1` or `true` and off with `0`, `false` or nothing. */
export function flagSetting() {
  return z
    .enum(['0', '1', 'true', 'false', ''])
    .default('')
    .transform((text) => text === '1' || text === 'true');
}

/** Every fault of a configuration at once, one line each: `NAME: reason`. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The configuration has ${faults.length} fault(s):\n  ${faults.join('\n  ')}`);
    this.faults = faults;
  }
}

/**
 * Reads a process's settings. An empty variable counts as absent, so that `NAME= npm start` means the default.
 *
 * @throws ConfigurationError naming every fault.
 */
export function readConfig<S extends z.ZodType>(schema: S, env: Environment): z.output<S> {
  const given = Object.fromEntries(Object.entries(env).filter(([, text]) => text !== ''));
  const result = schema.safeParse(given);
  const refused =
    given['OA_ENV'] === 'production' ? NEVER_IN_PRODUCTION.filter((name) => name in given) : [];
  if (result.success && refused.length === 0) return result.data;
  const issues = result.error?.issues ?? [];
  throw new ConfigurationError([
    ...issues.map(({ path, message }) => {
      const name = path.join('.');
      return `${name || '(settings)'}: ${name in given ? message : 'is not set'}`;
    }),
    ...refused.map((name) => `${name}: production has no such setting`),
  ]);
}

/** {@link readConfig} for a `main.ts`: on a fault it prints all of them and ends the process with 78. */
export function loadConfig<S extends z.ZodType>(schema: S, env: Environment): z.output<S> {
  try {
    return readConfig(schema, env);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return refuseToStart(error);
  }
}

/** Prints why this process does not start, and ends it. */
export function refuseToStart(error: ConfigurationError): never {
  process.stderr.write(`${error.message}\n`);
  process.exit(CONFIGURATION_EXIT_CODE);
}
