import { Hono } from 'hono';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createOperations } from './readiness.ts';
import { startServer } from './server.ts';

const logger = pino({ level: 'silent' });
const metrics = { text: async () => 'openagents_up 1\n' };

test('readiness names each dependency with its state', async () => {
  const checks = [
    { name: 'postgres', check: async () => {} },
    { name: 'temporal', check: () => Promise.reject(new Error('connection refused')) },
  ];
  const { routes, startDraining } = createOperations({
    service: 'runtime',
    buildId: 'b1',
    checks,
    metrics,
  });
  const answer = await routes.request('/readyz');
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({
    ready: false,
    dependencies: [
      { name: 'postgres', state: 'ok' },
      { name: 'temporal', state: 'failed', detail: 'connection refused' },
    ],
  });
  startDraining();
  expect(await (await routes.request('/readyz')).text()).toContain('draining');
  expect((await routes.request('/healthz')).status).toBe(200);
  expect(await (await routes.request('/metrics')).text()).toBe('openagents_up 1\n');
});

test('a stop lets the request under way end, takes no new one, and closes in order', async () => {
  const order: string[] = [];
  const { promise: started, resolve: start } = Promise.withResolvers<void>();
  const { promise: mayAnswer, resolve: answerNow } = Promise.withResolvers<void>();
  const app = new Hono().get('/slow', async (c) => {
    start();
    await mayAnswer;
    return c.text('done');
  });
  const running = await startServer({
    app,
    host: '127.0.0.1',
    port: 0,
    logger,
    onDrain: () => void order.push('drain'),
    closers: [() => order.push('pool'), () => order.push('client')],
  });
  const slow = fetch(`${running.url}/slow`);
  await started;
  const closed = running.close();
  await expect.poll(() => fetch(`${running.url}/slow`).catch(() => 'refused')).toBe('refused');
  answerNow();
  expect(await (await slow).text()).toBe('done');
  await closed;
  await running.close();
  expect(order).toEqual(['drain', 'pool', 'client']);
});

test('a stop does not wait for ever', async () => {
  const { promise: started, resolve: start } = Promise.withResolvers<void>();
  const app = new Hono().get('/never', () => {
    start();
    return new Promise<Response>(() => {});
  });
  const options = { app, host: '127.0.0.1', port: 0, logger, drainTimeoutMs: 50 };
  const running = await startServer(options);
  const never = fetch(`${running.url}/never`).catch(() => 'cut');
  await started;
  await running.close();
  expect(await never).toBe('cut');
});

test('a port that is taken is named', async () => {
  const app = new Hono();
  const first = await startServer({ app, host: '127.0.0.1', port: 0, logger });
  const second = startServer({ app, host: '127.0.0.1', port: first.port, logger });
  await expect(second).rejects.toThrow(`127.0.0.1:${first.port}: the port is taken`);
  await first.close();
});
