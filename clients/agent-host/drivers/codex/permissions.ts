/** What the commands of Codex may reach, as permission profiles of its configuration. */
import type { SandboxMode } from '../../sandbox.ts';
import { quoted } from './toml.ts';

/** Profiles of ours where something is denied; full access denies nothing, and is Codex's own. */
export const PROFILES = {
  read_only: 'openagents-read-only',
  workspace_write: 'openagents-workspace',
  full_access: ':danger-full-access',
} as const satisfies Readonly<Record<SandboxMode, string>>;

const EXTENDED = [
  [PROFILES.read_only, ':read-only'],
  [PROFILES.workspace_write, ':workspace'],
] as const;

/** `denied` are real paths that no command may read; what is not there is no fault. */
export function permissionLines(denied: readonly string[]): string[] {
  return EXTENDED.flatMap(([profile, base]) => [
    `[permissions.${profile}]`,
    `extends = ${quoted(base)}`,
    `[permissions.${profile}.filesystem]`,
    ...denied.map((path) => `${quoted(path)} = "deny"`),
  ]);
}
