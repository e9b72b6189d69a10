import { type ClientVersions, evaluateCompatibility } from '#proto/compat.ts';
import type { CompatibilityWindow } from '#proto/gen/types.ts';
import { SessionFault } from '../session/session-fault.ts';

/** @throws SessionFault `upgrade_required`, its reason the finer code of the shared rule. */
export function assertCompatible(
  hello: { client_build_id: string; protocol_version: number; schema_version: number },
  window: CompatibilityWindow,
): void {
  const { client_build_id: build_id, protocol_version, schema_version } = hello;
  const client: ClientVersions = { build_id, protocol_version, schema_version };
  const verdict = evaluateCompatibility(client, window);
  if (!verdict.ok) throw new SessionFault('upgrade_required', verdict.code);
}
