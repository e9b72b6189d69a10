import { expect, it } from 'vitest';
import { ConfigurationError, readConfig } from '#services/shared/config.ts';
import { verifierSettings } from './config.ts';

const read = (env: Record<string, string>) =>
  readConfig(verifierSettings, { OA_SERVICE_KEY_FILE: '/keys/verifier', ...env });

it('reads caches by name and hosts in lower case', () => {
  const config = read({
    OA_VERIFIER_CACHES: 'npm=/srv/npm,go=/srv/go',
    OA_VERIFIER_EGRESS_HOSTS: 'Registry.Example.org, *.example.com',
  });
  expect(config.OA_VERIFIER_CACHES).toEqual({ npm: '/srv/npm', go: '/srv/go' });
  expect(config.OA_VERIFIER_EGRESS_HOSTS).toEqual(['registry.example.org', '*.example.com']);
});

it('offers every public host to a setup that asks, and nothing where told so', () => {
  expect(read({}).OA_VERIFIER_EGRESS_HOSTS).toContain('*');
  expect(read({ OA_VERIFIER_EGRESS_HOSTS: 'none' }).OA_VERIFIER_EGRESS_HOSTS).toEqual([]);
});

it.each([
  [{ OA_VERIFIER_CACHES: 'npm=relative' }, 'OA_VERIFIER_CACHES'],
  [{ OA_VERIFIER_SCRATCH_DIR: 'relative' }, 'OA_VERIFIER_SCRATCH_DIR'],
  [{ OA_ENV: 'production', OA_ALLOW_UNSANDBOXED: '1' }, 'OA_ALLOW_UNSANDBOXED'],
  [{ OA_VERIFIER_CONCURRENCY: '0' }, 'OA_VERIFIER_CONCURRENCY'],
])('refuses %j by name', (env, name) => {
  expect(() => read(env)).toThrow(ConfigurationError);
  expect(() => read(env)).toThrow(name);
});
