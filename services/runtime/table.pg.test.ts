import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Route } from '#proto/http/routes.ts';
import { RUNTIME_ROUTES } from '#proto/http/runtime.ts';
import { startTestRuntime, type TestRuntime } from './testing/runtime-process.ts';

let runtime: TestRuntime;
beforeAll(async () => {
  runtime = await startTestRuntime();
});
afterAll(() => runtime?.[Symbol.asyncDispose]());

const routes: readonly Route[] = RUNTIME_ROUTES;

test('every route of the table is served', async () => {
  for (const { method, path } of routes) {
    const answer = await runtime.anonymous(path.replaceAll(/:[a-z0-9_]+/g, 'x'), { method });
    const code = answer.json?.code;
    expect([method, path, code]).not.toEqual([method, path, 'method_not_allowed']);
    expect([method, path, answer.json?.detail]).not.toEqual([
      method,
      path,
      'No route has this path.',
    ]);
  }
});

test('a path refuses the methods that the table does not give it, and names those it does', async () => {
  const paths = new Map<string, string[]>();
  for (const { path, method } of routes) paths.set(path, [...(paths.get(path) ?? []), method]);
  for (const [path, methods] of paths) {
    if (path.startsWith('/healthz') || path.startsWith('/readyz') || path === '/metrics') continue;
    const other = ['DELETE', 'PATCH'].find((method) => !methods.includes(method)) ?? 'DELETE';
    const answer = await runtime.anonymous(path, { method: other });
    expect([path, answer.status, answer.json?.code]).toEqual([path, 405, 'method_not_allowed']);
    expect(answer.headers.get('allow')?.split(', ').sort()).toEqual([...methods].sort());
  }
});

test('the published document describes exactly the table', async () => {
  const { json } = await runtime.anonymous('/openapi.json');
  const described = Object.entries(
    json.paths as Record<string, Record<string, { operationId: string }>>,
  )
    .flatMap(([path, operations]) =>
      Object.entries(operations).map(
        ([method, { operationId }]) => `${method.toUpperCase()} ${path} ${operationId}`,
      ),
    )
    .sort();
  const declared = routes
    .map(
      ({ method, path, name }) => `${method} ${path.replaceAll(/:([a-z0-9_]+)/g, '{$1}')} ${name}`,
    )
    .sort();
  expect(described).toEqual(declared);
});

test('what nobody declared is a problem too', async () => {
  const answer = await runtime.anonymous('/v1/unheard-of');
  expect([answer.status, answer.json.code]).toEqual([404, 'not_found']);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
});

test('a page of a known origin may call, another may not', async () => {
  await using open = await startTestRuntime({
    settings: { RUNTIME_ALLOWED_ORIGINS: 'https://app.example.com' },
  });
  const asked = (origin: string) => open.anonymous('/v1/runs', { headers: { origin } });
  const known = await asked('https://app.example.com');
  expect(known.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
  const other = await asked('https://evil.example.com');
  expect(other.headers.get('access-control-allow-origin')).toBeNull();
});

test('the process tells how it is without login', async () => {
  expect((await runtime.anonymous('/healthz')).json).toMatchObject({
    status: 'ok',
    service: 'runtime',
  });
  const ready = await runtime.anonymous('/readyz');
  expect(ready.status).toBe(503);
  const states = Object.fromEntries(
    ready.json.dependencies.map(({ name, state }: { name: string; state: string }) => [
      name,
      state,
    ]),
  );
  expect(states).toEqual({ postgres: 'ok', temporal: 'failed', artifacts: 'ok' });
  const { text } = await runtime.anonymous('/metrics');
  expect(text).toMatch(/openagents_http_requests_total\{route="not_found"/);
  expect(text).not.toMatch(/run_id=|user_id=/);
});
