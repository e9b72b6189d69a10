import {
  BUILD_ID_HEADER,
  type CompatibilityCode,
  evaluateCompatibility,
  PROTOCOL_VERSION_HEADER,
  SCHEMA_VERSION_HEADER,
} from '#proto/compat.ts';
import { ProblemError } from '#proto/errors.ts';
import type { CompatibilityWindow } from '#proto/gen/types.ts';

/** The client is outside the window; the answer carries the window, so that it can say what to do. */
export class UpgradeNeeded extends ProblemError {
  readonly window: CompatibilityWindow;

  constructor(code: CompatibilityCode, detail: string, window: CompatibilityWindow) {
    super(code, detail);
    this.window = window;
  }
}

/** @throws UpgradeNeeded. A client that says nothing is admitted, and counted. */
export type CheckCompatibility = (headers: Headers) => void;

export function createCompatibilityCheck(
  window: CompatibilityWindow,
  count: (outcome: 'admitted' | 'absent' | CompatibilityCode) => void,
): CheckCompatibility {
  return function checkCompatibility(headers) {
    const verdict = evaluateCompatibility(
      {
        build_id: headers.get(BUILD_ID_HEADER),
        protocol_version: headers.get(PROTOCOL_VERSION_HEADER),
        schema_version: headers.get(SCHEMA_VERSION_HEADER),
      },
      window,
    );
    if (!verdict.ok) {
      count(verdict.code);
      throw new UpgradeNeeded(verdict.code, verdict.detail, window);
    }
    count(verdict.declared ? 'admitted' : 'absent');
  };
}

/** What a client of a 426 reads without parsing the body. */
export function windowHeaders({ code, window }: UpgradeNeeded): [string, string][] {
  return [
    ['x-oa-compatibility-code', code],
    ['x-oa-compatibility-upgrade-required', 'true'],
    ['x-oa-compatibility-protocol-version', String(window.protocol_version)],
    ['x-oa-compatibility-min-client-build-id', window.min_client_build_id],
    ['x-oa-compatibility-max-client-build-id', window.max_client_build_id],
    ['x-oa-compatibility-min-schema-version', String(window.min_schema_version)],
    ['x-oa-compatibility-max-schema-version', String(window.max_schema_version)],
  ];
}
