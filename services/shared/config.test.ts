import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  ConfigurationError,
  commonSettings,
  flagSetting,
  portSetting,
  readConfig,
} from './config.ts';

const schema = z.object({
  ...commonSettings,
  PORT: portSetting(4100),
  DATABASE_URL: z.url(),
  ALLOW: flagSetting(),
});

test('defaults stand in for absent and for empty variables', () => {
  const config = readConfig(schema, {
    DATABASE_URL: 'postgres://localhost/x',
    PORT: '',
    ALLOW: '1',
  });
  expect(config).toMatchObject({
    PORT: 4100,
    OA_ENV: 'development',
    OA_HOST: '127.0.0.1',
    ALLOW: true,
  });
});

test('every fault is named at once', () => {
  const faults = faultsOf({ PORT: '70000', OA_ENV: 'staging' });
  expect(faults).toHaveLength(3);
  expect(faults.join('\n')).toMatch(/PORT: /);
  expect(faults.join('\n')).toMatch(/OA_ENV: /);
  expect(faults.join('\n')).toContain('DATABASE_URL: is not set');
});

test('production has no setting that only tests ask for', () => {
  const faults = faultsOf({
    DATABASE_URL: 'postgres://localhost/x',
    OA_ENV: 'production',
    OA_FAULT_POINTS_DIR: '/tmp/faults',
  });
  expect(faults).toEqual(['OA_FAULT_POINTS_DIR: production has no such setting']);
});

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(schema, env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
}
