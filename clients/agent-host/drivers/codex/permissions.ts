/** What the commands of Codex may reach, as permission profiles of its configuration. */
import type { SandboxMode } from '../../sandbox.ts';
import { quoted } from './toml.ts';

/** Profiles of ours where something is denied; full access denies nothing, and is Codex's own. */
export const PROFILES = {
  read_only: 'openagents-read-only',
  workspace_write: 'openagents-workspace',
  full_access: ':danger-full-access',
} as const satisfies Readonly<Record<SandboxMode, string>>;

/**
 * What each of them extends. A thread is opened with this, and each turn begins with ours: no command runs before a turn, and
 * under a profile that denies anything Codex reads every file of its own, instructions and skills, by a sandboxed process.
 */
export const BASE_PROFILES = {
  read_only: ':read-only',
  workspace_write: ':workspace',
  full_access: ':danger-full-access',
} as const satisfies Readonly<Record<SandboxMode, string>>;

/** `denied` are real paths that no command may read; what is not there is no fault. */
export function permissionLines(denied: readonly string[]): string[] {
  return (['read_only', 'workspace_write'] as const).flatMap((mode) => [
    `[permissions.${PROFILES[mode]}]`,
    `extends = ${quoted(BASE_PROFILES[mode])}`,
    `[permissions.${PROFILES[mode]}.filesystem]`,
    ...denied.map((path) => `${quoted(path)} = "deny"`),
  ]);
}
