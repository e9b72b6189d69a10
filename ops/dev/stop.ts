import { setTimeout as delay } from 'node:timers/promises';
import { stackLayout } from './layout.ts';
import { isAlive } from './process-table.ts';
import { runningStack } from './running.ts';

/** `oa down`: asks the supervisor of the running stack to stop and waits until it has. */
const STOP_DEADLINE_MS = 40_000;
const POLL_MS = 100;

const running = runningStack(stackLayout(process.env));
if (!running) {
  process.stdout.write('No stack is running here.\n');
} else {
  process.kill(running.supervisor.pid, 'SIGTERM');
  const deadline = Date.now() + STOP_DEADLINE_MS;
  while (isAlive(running.supervisor) && Date.now() < deadline) {
    await delay(POLL_MS);
  }
  if (isAlive(running.supervisor)) {
    process.stderr.write(`The stack (pid ${running.supervisor.pid}) did not stop within 40 s.\n`);
    process.exitCode = 1;
  } else {
    process.stdout.write('Stopped.\n');
  }
}
