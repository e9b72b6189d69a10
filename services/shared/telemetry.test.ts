import { expect, test } from 'vitest';
import { createLogger } from './logger.ts';
import { createTracing } from './tracing.ts';

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('a span continues the trace of the caller and hands it on', async () => {
  const tracing = createTracing({ service: 'test' });
  await tracing.span(
    'runtime.ingest',
    {},
    async (outer) => {
      expect(tracing.traceId()).toBe('0af7651916cd43dd8448eb211c80319c');
      await tracing.span('runtime.persist', {}, async (inner) => {
        expect(inner.spanContext().traceId).toBe(outer.spanContext().traceId);
        expect(tracing.traceparent()).toContain(inner.spanContext().spanId);
      });
    },
    PARENT,
  );
  expect(tracing.traceparent()).toBeUndefined();
});

test('a log line carries the trace and no secret', async () => {
  const lines: string[] = [];
  const tracing = createTracing({ service: 'test' });
  const logger = createLogger({
    service: 'test',
    level: 'info',
    tracing,
    destination: { write: (line) => lines.push(line) },
  });
  await tracing.span('runtime.ingest', {}, async () => {
    logger.child({ request_id: 'req_1' }).info(
      {
        token: 'eyJhbGciOi',
        headers: { authorization: 'Bearer abc', 'x-oa-internal-assertion': 'jws' },
      },
      'served',
    );
  });
  const line = lines.join('');
  expect(line).not.toMatch(/eyJhbGciOi|Bearer abc|jws/);
  expect(JSON.parse(line)).toMatchObject({
    level: 'info',
    service: 'test',
    request_id: 'req_1',
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
});
