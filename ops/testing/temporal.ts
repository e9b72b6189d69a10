import { once } from 'node:events';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import type { TestProject } from 'vitest/node';
import { freePort } from '../dev/free-port.ts';
import { temporalCli } from '../dev/temporal-cli.ts';
import { startTemporalServer } from '../dev/temporal-server.ts';

/** One development server for the suite, its state in memory. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const root = join(import.meta.dirname, '..', '..');
  const cli = await temporalCli(join(root, '.cache'));
  const port = await freePort();
  const server = await startTemporalServer({ cliPath: cli.path, port });
  const address = `127.0.0.1:${port}`;
  const connection = await Connection.connect({ address, connectTimeout: '30s' });
  await connection.close();
  project.provide('temporalAddress', address);
  return async () => {
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
  };
}
