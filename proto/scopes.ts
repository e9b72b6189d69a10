import { type OrgRole, SCOPE_TEXTS, type Scope as ScopeText } from './gen/types.ts';

/** Every scope, from the contract. */
export const SCOPES = SCOPE_TEXTS;

export type Scope = Exclude<ScopeText, ''>;
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
