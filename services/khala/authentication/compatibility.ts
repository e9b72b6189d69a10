import { FRAME_SCHEMA_VERSION } from '#proto/khala-frame.ts';
import { SessionFault } from '../session/session-fault.ts';

/** What this node speaks. It raises its maximum with every change of the meaning of a cursor. */
export interface CompatibilityWindow {
  protocolVersionMin: number;
  protocolVersionMax: number;
  /** `YYYYMMDDThhmmssZ`, inclusive; an empty maximum is open. */
  clientBuildIdMin: string;
  clientBuildIdMax: string;
  expiresAt: string;
}

export interface ClientVersion {
  protocol_version: number;
  schema_version: number;
  client_build_id: string;
}

const BUILD_ID = /^\d{8}T\d{6}Z$/;

/** @throws SessionFault `upgrade_required`. */
export function assertCompatible(client: ClientVersion, window: CompatibilityWindow): void {
  const { protocol_version: protocol, client_build_id: build } = client;
  if (protocol < window.protocolVersionMin || protocol > window.protocolVersionMax) {
    throw new SessionFault('upgrade_required', 'unsupported_protocol_version');
  }
  if (client.schema_version !== FRAME_SCHEMA_VERSION) {
    throw new SessionFault('upgrade_required', 'unsupported_schema_version');
  }
  if (!BUILD_ID.test(build)) throw new SessionFault('upgrade_required', 'invalid_client_build');
  // Fixed width and UTC, so that the order of the texts is the order of the builds.
  const tooNew = window.clientBuildIdMax !== '' && build > window.clientBuildIdMax;
  if (build < window.clientBuildIdMin || tooNew) {
    throw new SessionFault('upgrade_required', 'unsupported_client_build');
  }
}
