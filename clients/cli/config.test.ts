import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { write } from '../agent-host/testing/repository.ts';
import { scratch } from '../api/testing/scratch.ts';
import { loadConfig, PROJECT_FILE } from './config.ts';

test('flags win over the environment, that over the project, that over the user, that over the default', async () => {
  using home = scratch();
  const project = join(home.path, 'project');
  mkdirSync(join(project, 'deep'), { recursive: true });
  const url = async (layers: { flag?: string; environment?: string }) => {
    const flags = layers.flag ? { control_url: layers.flag } : {};
    const environment = {
      OA_CONFIG_HOME: join(home.path, 'config'),
      ...(layers.environment ? { OA_CONTROL_URL: layers.environment } : {}),
    };
    return (await loadConfig(flags, environment, join(project, 'deep'))).control_url;
  };
  expect(await url({})).toBe('http://127.0.0.1:8787');
  write(join(home.path, 'config', 'config.json'), '{"control_url": "http://user"}');
  expect(await url({})).toBe('http://user');
  write(join(project, PROJECT_FILE), '{"control_url": "http://project/"}');
  expect(await url({})).toBe('http://project');
  expect(await url({ environment: 'http://environment' })).toBe('http://environment');
  expect(await url({ environment: 'http://environment', flag: 'http://flag' })).toBe('http://flag');
});

test.each([
  ['{"controll_url": "http://x"}', 'controll_url'],
  ['{"attempts": 99}', 'attempts'],
  ['not json', 'is not JSON'],
])('a file that says %s is refused by name', async (content, message) => {
  using home = scratch();
  write(join(home.path, PROJECT_FILE), content);
  const loaded = loadConfig({}, { OA_CONFIG_HOME: home.path }, home.path);
  await expect(loaded).rejects.toThrow(message);
  await expect(loaded).rejects.toMatchObject({ exitCode: 2 });
});

test('an address that is none is refused', async () => {
  await expect(loadConfig({ control_url: 'ftp://x' }, {}, '/')).rejects.toMatchObject({
    exitCode: 2,
  });
});
