import type { OrgRole } from './gen/types.ts';

/** What a credential may be good for. Each text stands here and nowhere else. */
export const SCOPES = [
  'runtime.read',
  'runtime.write',
  'runtime.run_events',
  'runtime.run_summaries',
  'runtime.codex_worker_events',
  'runtime.codex_worker_summaries',
  'runtime.notifications',
  'sync.subscribe',
  'policy.evaluate',
  'org.membership.read',
  'org.membership.write',
  'treasury.read',
  'aegis.read',
  'hydra.summaries',
  'aegis.summaries',
  'ops.read',
] as const;

export type Scope = (typeof SCOPES)[number];
export type Role = Exclude<OrgRole, ''>;

const READ = [
  'runtime.read',
  'runtime.run_events',
  'runtime.run_summaries',
  'runtime.codex_worker_events',
  'runtime.codex_worker_summaries',
  'runtime.notifications',
  'sync.subscribe',
  'org.membership.read',
] as const satisfies readonly Scope[];

const WORK = [...READ, 'runtime.write', 'policy.evaluate'] as const satisfies readonly Scope[];

const MANAGE = [...WORK, 'org.membership.write'] as const satisfies readonly Scope[];

/** The one table from roles to scopes. Everyone may watch what they own; a viewer changes nothing. */
export const ROLE_SCOPES: Readonly<Record<Role, readonly Scope[]>> = {
  owner: MANAGE,
  admin: MANAGE,
  member: WORK,
  viewer: READ,
};

export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}
