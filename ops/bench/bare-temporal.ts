import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { StackProcess } from '../testing/stack-process.ts';

export const BARE_QUEUE = 'bench-bare';

/** A client of the stack's Temporal, and a worker process for the bare workflows. */
export interface BareTemporal extends AsyncDisposable {
  client: Client;
}

export async function startBareTemporal(stack: StackProcess): Promise<BareTemporal> {
  const address = stack.state().addresses['temporal'] ?? '';
  const connection = await Connection.connect({ address });
  const file = join(import.meta.dirname, 'bare-worker.ts');
  const worker = spawn(process.execPath, [file, address, BARE_QUEUE], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(worker.stdout, 'data');
  return {
    client: new Client({ connection }),
    async [Symbol.asyncDispose]() {
      worker.kill('SIGTERM');
      await once(worker, 'exit');
      await connection.close();
    },
  };
}
