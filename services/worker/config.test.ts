import { expect, test } from 'vitest';
import { ConfigurationError, readConfig } from '../shared/config.ts';
import { workerSettings } from './config.ts';

const NEEDED = {
  RUNTIME_DATABASE_URL: 'postgres://localhost/runtime',
  OA_ARTIFACTS_DIR: '/artifacts',
  OA_RECEIPT_KEYS_FILE: '/keys/receipts.json',
};

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(workerSettings, env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
}

test('what can have a default has one', () => {
  expect(readConfig(workerSettings, NEEDED)).toMatchObject({
    WORKER_PORT: 4190,
    TEMPORAL_NAMESPACE: 'default',
    OA_SWEEP_INTERVAL_MS: 1_000,
  });
});

test('every fault is named at once', () => {
  const faults = faultsOf({ WORKER_PORT: 'x', OA_SWEEP_INTERVAL_MS: '1' }).join('\n');
  for (const name of [...Object.keys(NEEDED), 'WORKER_PORT', 'OA_SWEEP_INTERVAL_MS']) {
    expect(faults).toContain(name);
  }
});

test('production has to name its build', () => {
  expect(faultsOf({ ...NEEDED, OA_ENV: 'production' }).join()).toContain('OA_BUILD_ID');
  expect(faultsOf({ ...NEEDED, OA_ENV: 'production', OA_BUILD_ID: 'abc' })).toEqual([]);
});
