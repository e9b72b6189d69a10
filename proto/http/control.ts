import { COMMAND_BYTES_MAX } from '../limits.ts';
import { BATCH, COMMAND, NATURAL, OPEN, OPERATIONS, READ } from './presets.ts';
import type { Route } from './routes.ts';
import { PUBLIC_ROUTES } from './runtime.ts';

/** Before a session exists. */
const ANYONE = { ...NATURAL, auth: 'none' } as const;
const SIGNED_IN = { ...READ, auth: 'access' } as const;

/** Answers that carry tokens are never stored, so none of these takes an Idempotency-Key (`spec/control.md`). */
const AUTH_ROUTES = [
  {
    ...ANYONE,
    name: 'auth.challenge.requested',
    summary: 'Ask for a login code',
    path: '/api/auth/email',
    request: 'openagents.control.v1.AuthChallengeRequest',
    response: 'openagents.control.v1.AuthChallengeResponse',
  },
  {
    ...ANYONE,
    name: 'auth.verify.completed',
    summary: 'Turn a login code into a session',
    path: '/api/auth/verify',
    request: 'openagents.control.v1.AuthVerifyRequest',
    response: 'openagents.control.v1.AuthVerifyResponse',
  },
  {
    ...ANYONE,
    name: 'auth.refresh.completed',
    summary: 'Rotate the refresh token of a session',
    path: '/api/auth/refresh',
    request: 'openagents.control.v1.SessionRefreshRequest',
    response: 'openagents.control.v1.SessionRefreshResponse',
  },
  {
    ...NATURAL,
    auth: 'access',
    name: 'auth.logout.completed',
    summary: 'End this session',
    path: '/api/auth/logout',
    request: 'openagents.control.v1.LogoutRequest',
    response: 'openagents.control.v1.LogoutResponse',
  },
  {
    ...SIGNED_IN,
    name: 'auth.session.read',
    summary: 'This session',
    path: '/api/auth/session',
    response: 'openagents.control.v1.SessionResponse',
  },
  {
    ...SIGNED_IN,
    name: 'auth.sessions.listed',
    summary: 'Sessions of the caller',
    path: '/api/auth/sessions',
    response: 'openagents.control.v1.ListSessionsResponse',
    query: {
      device_id: { kind: 'text', description: 'Only sessions of this device', lengthMax: 160 },
    },
  },
  {
    ...COMMAND,
    auth: 'access',
    name: 'auth.sessions.revoked',
    summary: 'Revoke a session, a device, or all sessions of the caller',
    path: '/api/auth/sessions/revoke',
    request: 'openagents.control.v1.SessionRevocationRequest',
    response: 'openagents.control.v1.SessionRevocationResponse',
  },
] as const satisfies readonly Route[];

const PRINCIPAL_ROUTES = [
  {
    ...SIGNED_IN,
    name: 'me.read',
    summary: 'The caller',
    path: '/api/me',
    response: 'openagents.control.v1.MeResponse',
  },
  {
    ...SIGNED_IN,
    name: 'org.memberships.listed',
    summary: 'Organisations of the caller',
    path: '/api/orgs/memberships',
    response: 'openagents.control.v1.ListMembershipsResponse',
    scope: 'org.membership.read',
  },
] as const satisfies readonly Route[];

const SYNC_ROUTES = [
  {
    ...NATURAL,
    auth: 'access',
    scope: 'sync.subscribe',
    name: 'sync.token.issued',
    summary: 'A token that opens a Khala socket for exactly these topics',
    path: '/api/sync/token',
    request: 'openagents.control.v1.SyncTokenRequest',
    response: 'openagents.control.v1.SyncTokenResponse',
  },
  {
    ...BATCH,
    mutates: false,
    idempotency: 'none',
    auth: 'access',
    name: 'sync.telemetry.posted',
    summary: 'What a client saw of its own connection; counted, and kept nowhere',
    path: '/api/sync/telemetry',
    request: 'openagents.sync.v1.PostTelemetryRequest',
    response: 'openagents.sync.v1.PostTelemetryResponse',
    status: 202,
    successStatuses: [202],
    bodyBytesMax: COMMAND_BYTES_MAX,
  },
] as const satisfies readonly Route[];

const COMPATIBILITY_ROUTES = [
  {
    ...OPEN,
    envelope: 'data',
    name: 'compatibility.read',
    summary: 'Which clients are served, until when, and where the services are',
    path: '/api/compatibility',
    response: 'openagents.control.v1.CompatibilityResponse',
  },
] as const satisfies readonly Route[];

type Aliased<R extends Route, From extends string, To extends string> = R extends {
  path: `${From}${infer Rest}`;
}
  ? Omit<R, 'name' | 'path'> & { name: `${R['name']}@${To}`; path: `${To}${Rest}` }
  : never;

/** The same routes under another prefix; each alias has its own name, so that its use can be seen. */
function alias<
  const Routes extends readonly Route[],
  const From extends string,
  const To extends string,
>(routes: Routes, from: From, to: To): Aliased<Routes[number], From, To>[] {
  return routes
    .filter((route) => route.path.startsWith(from))
    .map((route) => ({
      ...route,
      name: `${route.name}@${to}`,
      path: `${to}${route.path.slice(from.length)}`,
    })) as Aliased<Routes[number], From, To>[];
}

/** The gateway serves the runtime's public routes under one prefix; the runtime judges them again. */
export const GATEWAY_PREFIX = '/api/runtime';

export const GATEWAY_ROUTES = alias(
  PUBLIC_ROUTES.map((route) => ({
    ...route,
    auth: 'access' as const,
  })),
  '/v1',
  GATEWAY_PREFIX,
);

/** What control answers itself. */
export const CONTROL_OWN_ROUTES = [
  ...AUTH_ROUTES,
  ...alias(AUTH_ROUTES, '/api/auth', '/api/v1/auth'),
  ...PRINCIPAL_ROUTES,
  ...SYNC_ROUTES,
  ...alias(SYNC_ROUTES, '/api/sync', '/api/v1/sync'),
  ...alias(SYNC_ROUTES, '/api/sync', '/api/khala'),
  ...COMPATIBILITY_ROUTES,
  ...OPERATIONS,
] as const satisfies readonly Route[];

/** Everything that control serves. */
export const CONTROL_ROUTES = [
  ...CONTROL_OWN_ROUTES,
  ...GATEWAY_ROUTES,
] as const satisfies readonly Route[];
