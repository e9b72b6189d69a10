import { expect, test } from 'vitest';
import { readConfig } from '../shared/config.ts';
import { controlSettings } from './config.ts';

const complete = {
  CONTROL_DATABASE_URL: 'postgres://oa_control@127.0.0.1/oa',
  CONTROL_PUBLIC_URL: 'http://127.0.0.1:8787',
  RUNTIME_URL: 'http://127.0.0.1:4100',
  KHALA_URL: 'ws://127.0.0.1:4200/v1/sync',
  CONTROL_TOKEN_KEYS_FILE: 'tokens.json',
  CONTROL_REFRESH_KEY_FILE: 'root.json',
  OA_SERVICE_KEY_FILE: 'service.json',
  OA_TRUSTED_SERVICES_FILE: 'trusted.json',
  OA_AUTH_PROVIDER_MODE: 'local',
};

test('the local provider is refused in production', () => {
  expect(() => readConfig(controlSettings, { ...complete, OA_ENV: 'production' })).toThrow(
    /OA_AUTH_PROVIDER_MODE: local prints login codes/,
  );
});

test('a provider that this build lacks is refused at the start, not at the first login', () => {
  const { OA_AUTH_PROVIDER_MODE: _, ...unset } = complete;
  expect(() => readConfig(controlSettings, unset)).toThrow(/OA_AUTH_PROVIDER_MODE/);
});

test('every fault is named at once', () => {
  const faulty = { ...complete, RUNTIME_URL: 'ftp://x', KHALA_URL: 'http://x', CONTROL_PORT: '-1' };
  expect(() => readConfig(controlSettings, faulty)).toThrow(
    /CONTROL_PORT[\s\S]*RUNTIME_URL[\s\S]*KHALA_URL/,
  );
});

test('lists are read from commas', () => {
  const { CONTROL_ALLOWED_ORIGINS: origins } = readConfig(controlSettings, {
    ...complete,
    CONTROL_ALLOWED_ORIGINS: 'https://a.example, https://b.example,',
  });
  expect(origins).toEqual(['https://a.example', 'https://b.example']);
});
