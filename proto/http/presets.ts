import {
  BODY_BYTES_MAX,
  COMMAND_BYTES_MAX,
  EVENT_PAGE_SIZE_DEFAULT,
  EVENT_PAGE_SIZE_MAX,
  PAGE_SIZE_DEFAULT,
  PAGE_SIZE_MAX,
} from '../limits.ts';
import type { QueryRule } from './routes.ts';

/** What most rows of a route table share; a row spreads one of these and says only what is its own. */
export const READ = {
  method: 'GET',
  request: null,
  envelope: 'data',
  status: 200,
  successStatuses: [200],
  mutates: false,
  idempotency: 'none',
  bodyBytesMax: 0,
} as const;

/** A command that needs an Idempotency-Key. */
export const COMMAND = {
  method: 'POST',
  envelope: 'data',
  status: 200,
  successStatuses: [200],
  mutates: true,
  idempotency: 'required',
  bodyBytesMax: COMMAND_BYTES_MAX,
} as const;

/** A mutation that names itself: repeating it changes nothing. */
export const NATURAL = { ...COMMAND, idempotency: 'natural' } as const;

/** A batch of events; every event has its own key. */
export const BATCH = { ...NATURAL, bodyBytesMax: BODY_BYTES_MAX } as const;

/** Answers without login and without envelope. */
export const OPEN = { ...READ, envelope: 'none', auth: 'none' } as const;

export const PAGE = {
  cursor: { kind: 'text', description: 'next_cursor of the page before', lengthMax: 512 },
  limit: {
    kind: 'integer',
    description: 'Items of a page',
    least: 1,
    most: PAGE_SIZE_MAX,
    default: PAGE_SIZE_DEFAULT,
  },
} as const satisfies Record<string, QueryRule>;

export const EVENT_PAGE = {
  after_seq: { kind: 'position', description: 'The page starts after this sequence' },
  limit: {
    kind: 'integer',
    description: 'Events of a page',
    least: 1,
    most: EVENT_PAGE_SIZE_MAX,
    default: EVENT_PAGE_SIZE_DEFAULT,
  },
} as const satisfies Record<string, QueryRule>;

/** Of every service: alive, ready, measured, described. */
export const OPERATIONS = [
  {
    ...OPEN,
    name: 'ops.health',
    summary: 'Whether the process is alive',
    path: '/healthz',
    response: 'openagents.ops.v1.HealthResponse',
  },
  {
    ...OPEN,
    name: 'ops.ready',
    summary: 'Whether the process can serve, with the state of each dependency',
    path: '/readyz',
    response: 'openagents.ops.v1.ReadyResponse',
    successStatuses: [200, 503],
  },
  {
    ...OPEN,
    name: 'ops.metrics',
    summary: 'Prometheus metrics',
    path: '/metrics',
    response: 'text',
  },
  {
    ...OPEN,
    name: 'ops.openapi',
    summary: 'This API as OpenAPI 3.1',
    path: '/openapi.json',
    response: 'json',
  },
  {
    ...OPEN,
    name: 'ops.keys',
    summary: 'Public keys that verify what this service signs (JWKS)',
    path: '/.well-known/jwks.json',
    response: 'openagents.ops.v1.JsonWebKeySet',
  },
] as const;
