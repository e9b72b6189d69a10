import { expect, test } from 'vitest';
import type { RunSpec } from '#proto/gen/types.ts';
import type { RunInput } from './messages.ts';
import { policySet } from './policy.ts';
import { RUN_INPUT_VERSION, runStartOptions } from './start.ts';

const spec: RunSpec = {
  objective: `make the failing test pass\n${'and say why '.repeat(1_000)}`,
  work_unit: 'verified_patch_bundle',
  repo: { source: './shop', ref: 'main', base_commit: '' },
  verification: {
    tier_min: 'O',
    harness: {
      commands: ['npm test', ...Array.from({ length: 31 }, () => 'x'.repeat(2_000))],
      protected_paths: [],
      env: {},
      mounts_ro: [],
      timeout_s: 10,
    },
    attempts_max: 2,
  },
  thread_id: '',
  org_id: '',
};

const input: RunInput = {
  run_id: 'run_1',
  owner: { user_id: 'user_1' },
  org_id: '',
  thread_id: 'thread_1',
  spec,
  objective_hash: '',
  policy: policySet(),
  command: {
    request_id: '',
    audit_id: '',
    principal: '',
    route: '',
    fingerprint: '',
    idempotency_key: '',
  },
  created_at_ms: 0,
};

test('a start promises what it sets, so that the workflow need not', () => {
  const { args, typedSearchAttributes } = runStartOptions(input);
  expect(args[0].version).toBe(RUN_INPUT_VERSION);
  expect(typedSearchAttributes.map(({ key, value }) => [key.name, value])).toEqual([
    ['OaRunId', 'run_1'],
    ['OaOwner', 'user_1'],
    ['OaWorkUnit', 'verified_patch_bundle'],
    ['OaTier', 'O'],
    ['OaRunState', 'created'],
  ]);
});

test('it says in words what was asked for, by whom and how it will be judged', () => {
  const { staticSummary, staticDetails } = runStartOptions(input);
  expect(staticSummary).toBe('make the failing test pass');
  expect(staticDetails).toContain('Asked for by `user_1` in thread `thread_1`');
  expect(staticDetails).toContain('Repository: `./shop` at `main`');
  expect(staticDetails).toContain('Judged by: `npm test`,');
  expect(staticDetails).toContain('and 27 more');
});

/** Temporal refuses a start with more (`limit.userMetadataDetailsSize`). */
const DETAILS_BYTES_MAX = 20_000;

test('the longest spec leaves its details within what Temporal takes', () => {
  const { staticDetails } = runStartOptions(input);
  expect(new TextEncoder().encode(staticDetails).length).toBeLessThan(DETAILS_BYTES_MAX);
});
