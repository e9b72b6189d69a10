import { availableParallelism, tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { commonSettings, flagSetting, portSetting } from '#services/shared/config.ts';
import { verificationPayloadSettings } from '#services/shared/payloads/settings.ts';
import { NAMESPACE } from '#temporal.config';

/** More at once only make each other slower; each has its own share of the memory. */
const CONCURRENCY_DEFAULT = Math.min(2, availableParallelism());

const CACHE_ENTRY = /^([a-z0-9][a-z0-9._-]{0,63})=(\/.*)$/;

/**
 * Every public host; package registries by name as well, because only a named host may lie at an address that is not
 * public, where many networks keep a mirror of them.
 */
const EGRESS_HOSTS_DEFAULT = [
  'registry.npmjs.org',
  'registry.yarnpkg.com',
  'pypi.org',
  'files.pythonhosted.org',
  'proxy.golang.org',
  'sum.golang.org',
  'index.crates.io',
  'static.crates.io',
  'rubygems.org',
  'repo.maven.apache.org',
  '*',
].join(',');

export const verifierSettings = z
  .object({
    ...commonSettings,
    VERIFIER_PORT: portSetting(4195),
    TEMPORAL_ADDRESS: z.string().min(1).default('127.0.0.1:7233'),
    TEMPORAL_NAMESPACE: z.string().min(1).default(NAMESPACE),
    RUNTIME_URL: z.url().default('http://127.0.0.1:4100'),
    OA_SERVICE_KEY_FILE: z.string().min(1),
    ...verificationPayloadSettings,
    /** Runs harnesses without isolation where bubblewrap is missing; never in production. */
    OA_ALLOW_UNSANDBOXED: flagSetting(),
    /** Harnesses at once. */
    OA_VERIFIER_CONCURRENCY: z.coerce.number().int().min(1).max(64).default(CONCURRENCY_DEFAULT),
    /** Where temporary files go; the verifier makes it, closed to others. */
    OA_VERIFIER_SCRATCH_DIR: z
      .string()
      .refine(isAbsolute, 'must be an absolute path')
      .default(join(tmpdir(), `oa-verifier-${process.getuid?.() ?? 0}`)),
    /** Read-only caches a harness may name in `mounts_ro`: `npm=/srv/npm,go=/srv/go`. */
    OA_VERIFIER_CACHES: z.string().default('').transform(readCaches),
    /**
     * What a setup with `network: egress` may reach, `registry.example.org,*.example.com,mirror.internal:8443`; `*`
     * for every public host, `none` for no network at all.
     */
    OA_VERIFIER_EGRESS_HOSTS: z.string().default(EGRESS_HOSTS_DEFAULT).transform(readHosts),
  })
  .refine(({ OA_ENV, OA_ALLOW_UNSANDBOXED }) => OA_ENV !== 'production' || !OA_ALLOW_UNSANDBOXED, {
    path: ['OA_ALLOW_UNSANDBOXED'],
    message: 'production never runs a harness without isolation',
  });

export type VerifierConfig = z.output<typeof verifierSettings>;

function readCaches(text: string, context: z.RefinementCtx): Record<string, string> {
  const caches: Record<string, string> = {};
  for (const entry of text.split(',').filter(Boolean)) {
    const [, name, directory] = entry.match(CACHE_ENTRY) ?? [];
    if (name && directory) caches[name] = directory;
    else context.addIssue(`"${entry}" is not name=/absolute/path`);
  }
  return caches;
}

function readHosts(text: string): string[] {
  if (text === 'none') return [];
  return text
    .split(',')
    .map((host) => host.trim().toLowerCase())
    .filter(Boolean);
}
