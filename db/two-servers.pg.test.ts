import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { startPostgres } from '../ops/dev/embedded-postgres.ts';
import { freePort } from '../ops/dev/free-port.ts';
import { connect } from './connect.ts';
import { migrate } from './migrate.ts';
import { assertSchemaVersion, SchemaVersionError } from './schema-version.ts';
import { databaseUrl, TEST_PASSWORDS, testDatabase } from './testing/database.ts';

test('the planes live on two servers, and neither server knows the other plane', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'oa-second-postgres-'));
  await chmod(directory, 0o755);
  const second = await startPostgres({
    directory: join(directory, 'data'),
    port: await freePort(),
    settings: { fsync: 'off' },
  });
  await using runtime = await testDatabase(['runtime']);
  const passwords = TEST_PASSWORDS;
  await migrate('control', second.url, { passwords });
  const controlUrl = databaseUrl(second.url, 'postgres', 'oa_control');
  const control = connect({ url: controlUrl, max: 1, applicationName: 'test' });
  const astray = connect({
    url: databaseUrl(second.url, 'postgres', 'oa_runtime'),
    max: 1,
    applicationName: 'test',
  });
  try {
    expect(await assertSchemaVersion(control, 'control')).toBeGreaterThan(0);
    expect(await assertSchemaVersion(runtime.runtime, 'runtime')).toBeGreaterThan(0);
    await expect(assertSchemaVersion(control, 'runtime')).rejects.toThrow(SchemaVersionError);
    await expect(astray`select 1`).rejects.toThrow(/password authentication failed|does not exist/);
    const schemas = await control<{ nspname: string }[]>`
      select nspname from pg_namespace where nspname in ('control', 'runtime', 'khala')`;
    expect(schemas.map((schema) => schema.nspname)).toEqual(['control']);
    expect(new URL(second.url).port).not.toBe(new URL(inject('postgresUrl')).port);
  } finally {
    await Promise.all([control.end(), astray.end()]);
    await second.stop();
    await rm(directory, { recursive: true, force: true });
  }
});
