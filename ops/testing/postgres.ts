import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startPostgres } from '../dev/embedded-postgres.ts';
import { freePort } from '../dev/free-port.ts';

/** One server for the suite; each test file clones a template database from it (`db/testing`). */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'oa-test-postgres-'));
  // Started by root, the server runs as user postgres, who has to reach the data directory.
  await chmod(directory, 0o755);
  const server = await startPostgres({
    directory: join(directory, 'data'),
    port: await freePort(),
    settings: { fsync: 'off', max_connections: '400' },
  });
  project.provide('postgresUrl', server.url);
  return async () => {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  };
}
