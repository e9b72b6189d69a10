import { PROBLEMS } from '../errors.ts';
import { MESSAGE_SCHEMAS } from '../gen/schemas.ts';
import { pathParameters, type QueryRule, type Route } from './routes.ts';

export interface ApiInfo {
  title: string;
  version: string;
  description: string;
}

type Json = { [key: string]: unknown };

/** OpenAPI 3.1 of a route table: the same schemas that validate the requests. */
export function openApiDocument(routes: readonly Route[], info: ApiInfo): Json {
  const used = new Set<string>([PROBLEM, RECEIPT]);
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:([a-z0-9_]+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, used) };
  }
  return {
    openapi: '3.1.0',
    info,
    paths,
    components: {
      schemas: componentSchemas(used),
      securitySchemes: {
        access: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'Access token of the control service',
        },
        internal: {
          type: 'apiKey',
          in: 'header',
          name: 'x-oa-internal-assertion',
          description: 'Signed assertion of one of our services',
        },
      },
    },
  };
}

const PROBLEM = 'openagents.errors.v1.Problem';
const RECEIPT = 'openagents.receipts.v1.CommandReceipt';

function operation(route: Route, used: Set<string>): Json {
  return {
    operationId: operationId(route),
    summary: route.summary,
    ...security(route),
    ...(route.scope === undefined ? {} : { 'x-scope': route.scope }),
    'x-idempotency': route.idempotency,
    parameters: parameters(route),
    ...requestBody(route, used),
    responses: {
      ...Object.fromEntries(
        route.successStatuses.map((status) => [status, success(route, status, used)]),
      ),
      default: {
        description: `A problem. Codes: ${Object.keys(PROBLEMS).join(', ')}`,
        content: { 'application/problem+json': { schema: reference(PROBLEM, used) } },
      },
    },
  };
}

/** An alias is named after its path as well, in characters that every client generator takes. */
export function operationId(route: Route): string {
  return route.name.replaceAll(/[^A-Za-z0-9._]+/g, '_');
}

function security(route: Route): Json {
  switch (route.auth) {
    case 'none':
      return { security: [] };
    case 'access':
      return { security: [{ access: [] }] };
    case 'internal':
      return { security: [{ internal: [] }] };
    case 'access_or_internal':
      return { security: [{ access: [] }, { internal: [] }] };
  }
}

function parameters(route: Route): Json[] {
  const inPath = pathParameters(route.path).map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(route.query ?? {}).map(([name, rule]) => ({
    name,
    in: 'query',
    required: 'required' in rule && rule.required === true,
    description: rule.description,
    schema: querySchema(rule),
  }));
  const key = {
    name: 'Idempotency-Key',
    in: 'header',
    required: true,
    description: 'The same key with the same body gives the stored answer; with another, 422',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  };
  return [...inPath, ...inQuery, ...(route.idempotency === 'required' ? [key] : [])];
}

function querySchema(rule: QueryRule): Json {
  switch (rule.kind) {
    case 'text':
      return {
        type: 'string',
        maxLength: rule.lengthMax,
        ...(rule.pattern === undefined ? {} : { pattern: rule.pattern.source }),
      };
    case 'choice':
      return { type: 'string', enum: rule.values };
    case 'integer':
      return {
        type: 'integer',
        minimum: rule.least,
        maximum: rule.most,
        ...(rule.default === undefined ? {} : { default: rule.default }),
      };
    case 'position':
      return { type: 'string', format: 'uint64', pattern: '^(0|[1-9][0-9]{0,19})$' };
  }
}

function requestBody(route: Route, used: Set<string>): Json {
  if (route.content === 'bytes') {
    return { requestBody: { required: true, content: { 'application/octet-stream': {} } } };
  }
  if (route.request === null) return {};
  const schema = reference(route.request, used);
  return { requestBody: { required: true, content: { 'application/json': { schema } } } };
}

function success(route: Route, status: number, used: Set<string>): Json {
  const description = SUCCESS[status] ?? 'Success';
  switch (route.response) {
    case null:
      return { description };
    case 'bytes':
      return { description, content: { 'application/octet-stream': {} } };
    case 'ndjson':
      return { description, content: { 'application/x-ndjson': {} } };
    case 'text':
      return { description, content: { 'text/plain': { schema: { type: 'string' } } } };
    case 'json':
      return { description, content: { 'application/json': { schema: { type: 'object' } } } };
    default:
      return {
        description,
        content: { 'application/json': { schema: answerSchema(route, route.response, used) } },
      };
  }
}

function answerSchema(route: Route, message: string, used: Set<string>): Json {
  const data = reference(message, used);
  if (route.envelope === 'none') return data;
  const properties = { data, ...(route.mutates ? { receipt: reference(RECEIPT, used) } : {}) };
  return { type: 'object', properties, required: ['data'] };
}

const SUCCESS: Readonly<Record<number, string>> = {
  200: 'Done',
  201: 'Created',
  202: 'Accepted',
  503: 'Not ready',
};

function reference(message: string, used: Set<string>): Json {
  used.add(message);
  return { $ref: componentPath(message) };
}

function componentPath(message: string): string {
  return `#/components/schemas/${message}`;
}

/** The messages that the paths name, and those that they name in turn. */
function componentSchemas(used: ReadonlySet<string>): Json {
  const found = new Map<string, unknown>();
  const pending = [...used];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (found.has(name)) continue;
    const { $id: _, ...schema } = MESSAGE_SCHEMAS[name] ?? {};
    found.set(name, rewriteReferences(schema, pending));
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function rewriteReferences(node: unknown, pending: string[]): unknown {
  if (Array.isArray(node)) return node.map((item) => rewriteReferences(item, pending));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => {
      if (key !== '$ref' || typeof value !== 'string') {
        return [key, rewriteReferences(value, pending)];
      }
      pending.push(value);
      return [key, componentPath(value)];
    }),
  );
}
