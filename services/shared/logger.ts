import { type DestinationStream, type Logger, pino } from 'pino';
import type { Tracing } from './tracing.ts';

export type { Logger } from 'pino';

/** Names under which a secret could reach a log line, at the top of it or one object below. */
const SECRET_NAMES = [
  'authorization',
  'cookie',
  'token',
  'access_token',
  'refresh_token',
  'secret',
  'password',
  'private_key',
  'code',
  'proof',
  '["x-oa-internal-assertion"]',
];

/**
 * The log of one process: JSON lines on stdout. A line inside a span carries its `trace_id`; callers
 * add `request_id` and `run_id` with `child`.
 */
export function createLogger(options: {
  service: string;
  level: string;
  buildId?: string;
  tracing?: Tracing;
  destination?: DestinationStream;
}): Logger {
  const { service, level, buildId, tracing, destination } = options;
  return pino(
    {
      level,
      base: { service, ...(buildId && { build_id: buildId }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => {
        const traceId = tracing?.traceId();
        return traceId ? { trace_id: traceId } : {};
      },
      redact: {
        paths: SECRET_NAMES.flatMap((name) =>
          name.startsWith('[') ? [name, `*${name}`] : [name, `*.${name}`],
        ),
        censor: '[redacted]',
      },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
}
