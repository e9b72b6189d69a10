import { NativeConnection, Worker } from '@temporalio/worker';

/** A worker process of its own for the bare workflows, as ours is. Arguments: the server's address, the queue. */
const [address = '', taskQueue = ''] = process.argv.slice(2);
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  taskQueue,
  workflowsPath: new URL('./bare-workflows.ts', import.meta.url).pathname,
  activities: { nothing: async () => {} },
});
process.on('SIGTERM', () => worker.shutdown());
process.stdout.write('ready\n');
await worker.run();
await connection.close();
