import { expect, test } from 'vitest';
import { createMetrics, HTTP_METRICS, metric } from './metrics.ts';

test('recorded values appear in the Prometheus text under our prefix', async () => {
  const metrics = createMetrics('test', {
    ...HTTP_METRICS,
    appends_total: metric({ kind: 'counter', description: 'Appends.', labels: ['outcome'] }),
    workers: metric({ kind: 'gauge', description: 'Workers.', labels: [] }),
  });
  metrics.appends_total.record(2, { outcome: 'ok' });
  metrics.workers.record(3, {});
  metrics.http_request_duration_seconds.record(0.004, { route: 'runs.create' });
  const text = await metrics.text();
  expect(text).toMatch(/openagents_appends_total\{outcome="ok"\} 2/);
  expect(text).toMatch(/openagents_workers 3/);
  expect(text).toMatch(
    /openagents_http_request_duration_seconds_bucket\{route="runs.create",le="0.005"\} 1/,
  );
});

test('a label that names one thing does not compile', () => {
  // @ts-expect-error run_id would make one time series per run
  metric({ kind: 'counter', description: '', labels: ['run_id'] });
  const metrics = createMetrics('test', {
    a_total: metric({ kind: 'counter', description: '', labels: ['code'] }),
  });
  // @ts-expect-error only declared labels are accepted
  metrics.a_total.record(1, { other: 'x' });
  expect(metrics).toBeDefined();
});
