import type { CompatibilityWindow, ErrorCode } from './gen/types.ts';

/** Raised by every change of cursor semantics or of a message's meaning. 1: first published protocol. */
export const PROTOCOL_VERSION = 1;

/** Raised when a reader must know a new field to be right. 1: first published schema. */
export const SCHEMA_VERSION = 1;

/** `YYYYMMDDThhmmssZ`: builds compare as text. */
export const BUILD_ID_PATTERN = /^\d{8}T\d{6}Z$/;

export const BUILD_ID_HEADER = 'x-oa-client-build-id';
export const PROTOCOL_VERSION_HEADER = 'x-oa-protocol-version';
export const SCHEMA_VERSION_HEADER = 'x-oa-schema-version';

/** What a client says about itself; null where it says nothing. */
export interface ClientVersions {
  build_id: string | null;
  protocol_version: string | number | null;
  schema_version: string | number | null;
}

export type CompatibilityCode = Extract<
  ErrorCode,
  | 'invalid_client_build'
  | 'unsupported_protocol_version'
  | 'unsupported_schema_version'
  | 'upgrade_required'
  | 'unsupported_client_build'
>;

export type Compatibility =
  /** `declared` is false for a client that said nothing: it is admitted, and counted. */
  { ok: true; declared: boolean } | { ok: false; code: CompatibilityCode; detail: string };

/** What this build serves when a deployment configures nothing narrower. */
export const DEFAULT_WINDOW: CompatibilityWindow = {
  surface: 'all',
  protocol_version: PROTOCOL_VERSION,
  min_client_build_id: '20260101T000000Z',
  max_client_build_id: '',
  min_schema_version: SCHEMA_VERSION,
  max_schema_version: SCHEMA_VERSION,
  expires_at: '2027-12-31T00:00:00.000Z',
};

/** Judges a client against a window, in the order build named, protocol, schema, build too old, build too new. */
export function evaluateCompatibility(
  client: ClientVersions,
  window: CompatibilityWindow,
): Compatibility {
  const { build_id, protocol_version, schema_version } = client;
  if (build_id === null && protocol_version === null && schema_version === null) {
    return { ok: true, declared: false };
  }
  if (build_id === null || !BUILD_ID_PATTERN.test(build_id)) {
    return refuse('invalid_client_build', 'the client must name its build as YYYYMMDDThhmmssZ');
  }
  if (Number(protocol_version ?? Number.NaN) !== window.protocol_version) {
    return refuse(
      'unsupported_protocol_version',
      `protocol version ${window.protocol_version} is served`,
    );
  }
  const schema = Number(schema_version ?? Number.NaN);
  if (!(schema >= window.min_schema_version && schema <= window.max_schema_version)) {
    return refuse(
      'unsupported_schema_version',
      `schema versions ${window.min_schema_version} to ${window.max_schema_version} are served`,
    );
  }
  if (build_id < window.min_client_build_id) {
    return refuse(
      'upgrade_required',
      `builds from ${window.min_client_build_id} on are served; upgrade the client`,
    );
  }
  if (window.max_client_build_id !== '' && build_id > window.max_client_build_id) {
    return refuse(
      'unsupported_client_build',
      `builds up to ${window.max_client_build_id} are served`,
    );
  }
  return { ok: true, declared: true };
}

function refuse(code: CompatibilityCode, detail: string): Compatibility {
  return { ok: false, code, detail };
}
