import { Hono } from 'hono';
import type { Tx } from '#db/transaction.ts';
import { GATEWAY_ROUTES } from '#proto/http/control.ts';
import { type ApiDeps, createApi } from '../shared/http/api.ts';
import type { Operations } from '../shared/readiness.ts';
import type { ControlDeps } from './control-deps.ts';
import { type Forward, passedThrough } from './gateway/gateway.ts';
import { addressGate } from './guards/address-gate.ts';
import { crossOrigin } from './guards/cross-origin.ts';
import type { GateName } from './guards/rate-limit.ts';
import { landing } from './pages/landing.ts';
import {
  controlHandlers,
  DISCOVERY_ROUTES,
  GUARDED_ROUTES,
  originalName,
} from './routes/handlers.ts';

export interface ControlAppDeps {
  readonly control: ControlDeps;
  readonly api: ApiDeps<Tx>;
  readonly forward: Forward;
  readonly operations: Operations;
  readonly allowedOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly desktopDownloadUrl: string;
}

/** Routes that strangers may call as often as their address allows. */
const ADDRESS_GATES: Readonly<Record<string, GateName>> = {
  'auth.challenge.requested': 'auth_email_address',
  'auth.verify.completed': 'auth_verify_address',
  'auth.refresh.completed': 'auth_refresh_address',
};

/** Everything that control answers: its own table, the runtime's through the gateway, and the front door. */
export function createControlApp(deps: ControlAppDeps): Hono {
  const { control, api, forward, operations, desktopDownloadUrl } = deps;
  const handlers = controlHandlers(control);
  const app = new Hono();
  app.use('/api/*', crossOrigin(deps.allowedOrigins));
  for (const { name, path } of GUARDED_ROUTES) {
    const gate = ADDRESS_GATES[originalName(name)];
    const { passGate, logger } = control;
    const { trustedProxies } = deps;
    if (gate) app.use(path, addressGate(gate, { passGate, trustedProxies, logger }));
  }
  app.get('/', landing);
  app.get('/download-desktop', (c) => c.redirect(desktopDownloadUrl, 307));
  app.route('/', operations.routes);
  const anyBuild = { ...api, checkCompatibility: () => {} };
  const discovery = createApi(DISCOVERY_ROUTES, handlers, anyBuild);
  const gatewayRoutes = passedThrough(GATEWAY_ROUTES);
  const forwards = Object.fromEntries(gatewayRoutes.map(({ name }) => [name, forward]));
  const gateway = createApi(gatewayRoutes, forwards, api);
  // The last one also answers for paths that nobody has.
  const own = createApi(GUARDED_ROUTES, handlers, api);
  app.route('/', discovery);
  app.route('/', gateway);
  app.all('*', (c) => own.fetch(c.req.raw, c.env));
  return app;
}
