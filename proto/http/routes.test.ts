import { describe, expect, it } from 'vitest';
import { MESSAGE_SCHEMAS } from '../gen/schemas.ts';
import { CONTROL_OWN_ROUTES, CONTROL_ROUTES, GATEWAY_PREFIX, GATEWAY_ROUTES } from './control.ts';
import { DOCUMENTS } from './documents.ts';
import { operationId } from './openapi.ts';
import { pathParameters, type Route } from './routes.ts';
import { PUBLIC_ROUTES, RUNTIME_ROUTES } from './runtime.ts';

const tables: [string, readonly Route[]][] = [
  ['runtime', RUNTIME_ROUTES],
  ['control', CONTROL_ROUTES],
];
const STREAMED = ['bytes', 'ndjson', 'text', 'json'];

describe.each(tables)('the routes of %s', (name, routes) => {
  it('have names and paths of their own', () => {
    expect(new Set(routes.map((route) => route.name)).size).toBe(routes.length);
    const places = routes.map((route) => `${route.method} ${route.path}`);
    expect(new Set(places).size).toBe(routes.length);
  });

  it('name messages that exist', () => {
    for (const { request, response } of routes) {
      if (request !== null) expect(MESSAGE_SCHEMAS).toHaveProperty([request]);
      if (response !== null && !STREAMED.includes(response)) {
        expect(MESSAGE_SCHEMAS).toHaveProperty([response]);
      }
    }
  });

  it('bound every body, and give none to a read', () => {
    for (const route of routes) {
      const hasBody = route.request !== null || route.content === 'bytes';
      expect(route.bodyBytesMax > 0, route.name).toBe(hasBody);
      if (route.method === 'GET') expect(hasBody, route.name).toBe(false);
    }
  });

  it('leave a receipt and say how they are repeated, wherever they change something', () => {
    for (const route of routes) {
      if (route.method === 'GET') expect(route.mutates, route.name).toBe(false);
      expect(route.idempotency === 'none', route.name).toBe(!route.mutates);
    }
  });

  it('need a scope or a service where the route is not about the caller alone', () => {
    for (const route of routes.filter((each) => each.path.startsWith('/v1/'))) {
      expect(route.scope, route.name).toBe(route.mutates ? 'runtime.write' : 'runtime.read');
    }
    for (const route of routes.filter((each) => each.path.startsWith('/internal/'))) {
      expect(route.auth, route.name).toBe('internal');
    }
  });

  it('count their usual status among the successes', () => {
    for (const route of routes) expect(route.successStatuses, route.name).toContain(route.status);
  });

  it('stand in the document, each once, with their parameters', () => {
    const document = DOCUMENTS[name as keyof typeof DOCUMENTS]() as unknown as {
      paths: Record<
        string,
        Record<string, { operationId: string; parameters: { name: string; in: string }[] }>
      >;
    };
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    expect(operations.map((each) => each.operationId).sort()).toEqual(
      routes.map(operationId).sort(),
    );
    expect(new Set(operations.map((each) => each.operationId)).size).toBe(routes.length);
    for (const route of routes) {
      const operation = operations.find((each) => each.operationId === operationId(route));
      const inPath = operation?.parameters.filter((each) => each.in === 'path') ?? [];
      expect(inPath.map((each) => each.name)).toEqual(pathParameters(route.path));
    }
  });

  it('refer to no schema that the document lacks', () => {
    const text = JSON.stringify(DOCUMENTS[name as keyof typeof DOCUMENTS]());
    const document = JSON.parse(text) as { components: { schemas: object } };
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(0);
    for (const [, schema] of references) {
      expect(document.components.schemas).toHaveProperty([String(schema)]);
    }
  });
});

describe('the gateway', () => {
  it('serves every public route of the runtime under its prefix, to people only', () => {
    expect(GATEWAY_ROUTES.map((route) => `${route.method} ${route.path}`)).toEqual(
      PUBLIC_ROUTES.map(
        (route) => `${route.method} ${GATEWAY_PREFIX}${route.path.slice('/v1'.length)}`,
      ),
    );
    for (const route of GATEWAY_ROUTES) expect(route.auth).toBe('access');
  });

  it('opens nothing internal', () => {
    for (const route of CONTROL_ROUTES) expect(route.path).not.toContain('/internal/');
  });
});

it('tokens have the aliases that clients know', () => {
  const paths = CONTROL_OWN_ROUTES.filter((route) => route.name.startsWith('sync.token.issued'));
  expect(paths.map((route) => route.path)).toEqual([
    '/api/sync/token',
    '/api/v1/sync/token',
    '/api/khala/token',
  ]);
});
