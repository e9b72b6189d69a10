import { describe, expect, it } from 'vitest';
import { type ClientVersions, DEFAULT_WINDOW, evaluateCompatibility } from './compat.ts';

const window = { ...DEFAULT_WINDOW, max_client_build_id: '20270101T000000Z' };
const client: ClientVersions = {
  build_id: '20260601T120000Z',
  protocol_version: '1',
  schema_version: '1',
};

function codeOf(more: Partial<ClientVersions>): string {
  const verdict = evaluateCompatibility({ ...client, ...more }, window);
  return verdict.ok ? 'ok' : verdict.code;
}

describe('compatibility', () => {
  it('admits a client inside the window, and one that says nothing', () => {
    expect(evaluateCompatibility(client, window)).toEqual({ ok: true, declared: true });
    const silent = { build_id: null, protocol_version: null, schema_version: null };
    expect(evaluateCompatibility(silent, window)).toEqual({ ok: true, declared: false });
  });

  it.each([
    [{ build_id: null }, 'invalid_client_build'],
    [{ build_id: 'v1.2', protocol_version: '9' }, 'invalid_client_build'],
    [{ protocol_version: '2', schema_version: '9' }, 'unsupported_protocol_version'],
    [{ protocol_version: null }, 'unsupported_protocol_version'],
    [{ protocol_version: '' }, 'unsupported_protocol_version'],
    [{ schema_version: '0', build_id: '20200101T000000Z' }, 'unsupported_schema_version'],
    [{ schema_version: 'x' }, 'unsupported_schema_version'],
    [{ build_id: '20251231T235959Z' }, 'upgrade_required'],
    [{ build_id: '20270101T000001Z' }, 'unsupported_client_build'],
    [{ build_id: '20260101T000000Z' }, 'ok'],
    [{ build_id: '20270101T000000Z' }, 'ok'],
  ])('judges %o in the order of the checks: %s', (more, code) => {
    expect(codeOf(more)).toBe(code);
  });

  it('has no newest build where the window names none', () => {
    const open = { ...window, max_client_build_id: '' };
    expect(evaluateCompatibility({ ...client, build_id: '29990101T000000Z' }, open).ok).toBe(true);
  });
});
