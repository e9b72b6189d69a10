import { once } from 'node:events';
import { join } from 'node:path';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { removeStack, stackDirectory, startStackProcess } from '../testing/stack-process.ts';
import { startPostgres } from './embedded-postgres.ts';
import { freePort } from './free-port.ts';
import { stackLayout } from './layout.ts';
import { temporalCli } from './temporal-cli.ts';
import { startTemporalServer } from './temporal-server.ts';

test('DATABASE_URL and TEMPORAL_ADDRESS take the place of the embedded parts', async () => {
  const directory = await stackDirectory();
  const database = await startPostgres({
    directory: join(directory, 'elsewhere'),
    port: await freePort(),
  });
  const { cache } = stackLayout({});
  const port = await freePort();
  const temporal = await startTemporalServer({ cliPath: (await temporalCli(cache)).path, port });
  const stack = await startStackProcess(directory, {
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
  });
  try {
    expect(Object.keys(stack.state().parts).sort()).toEqual([
      'control',
      'khala',
      'runtime',
      'verifier',
      'worker',
    ]);
    const sql = postgres(database.url);
    const schemas = await sql`select schema_name from information_schema.schemata`;
    expect(schemas.map((row) => row['schema_name'])).toEqual(
      expect.arrayContaining(['control', 'runtime', 'khala', 'migrations']),
    );
    await sql.end();
  } finally {
    await stack.stop();
    const ended = once(temporal, 'exit');
    temporal.kill('SIGTERM');
    await ended;
    await database.stop();
    await removeStack(stack);
  }
});
