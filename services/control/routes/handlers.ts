import { CONTROL_OWN_ROUTES } from '#proto/http/control.ts';
import type { ControlDeps } from '../control-deps.ts';
import { authHandlers } from './auth.ts';
import type { ControlHandlers } from './control-handlers.ts';
import { discoveryHandlers } from './discovery.ts';
import { sessionHandlers } from './sessions.ts';
import { syncHandlers } from './sync.ts';

/** Served by `createOperations`, as in every process. */
const OPERATION_NAMES = ['ops.health', 'ops.ready', 'ops.metrics'];

/** Answered whatever build asks: how else would a client learn which build it needs? */
const DISCOVERY_NAMES = ['compatibility.read', 'ops.openapi', 'ops.keys'];

/** An alias is served by the handler of the row that it is an alias of. */
export function controlHandlers(deps: ControlDeps): ControlHandlers {
  const handlers: Readonly<Record<string, unknown>> = {
    ...authHandlers(deps),
    ...sessionHandlers(deps),
    ...syncHandlers(deps),
    ...discoveryHandlers(deps),
  };
  const byName = CONTROL_OWN_ROUTES.map(({ name }) => [name, handlers[originalName(name)]]);
  // Each handler was checked against its row above; the aliases have the same messages under other names.
  return Object.fromEntries(byName) as ControlHandlers;
}

export const DISCOVERY_ROUTES = CONTROL_OWN_ROUTES.filter(({ name }) =>
  DISCOVERY_NAMES.includes(name),
);

export const GUARDED_ROUTES = CONTROL_OWN_ROUTES.filter(
  ({ name }) => !DISCOVERY_NAMES.includes(name) && !OPERATION_NAMES.includes(name),
);

/** `auth.refresh.completed` of `auth.refresh.completed@/api/v1/auth`. */
export function originalName(name: string): string {
  return name.split('@', 1)[0] ?? name;
}
