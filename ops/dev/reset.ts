import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { stackLayout } from './layout.ts';
import { runningStack } from './running.ts';

/** `npm run reset`: wipes the local stack's data after asking; `--yes` answers beforehand. */
const layout = stackLayout(process.env);
const running = runningStack(layout);

if (running) {
  process.stderr.write(
    `A stack is running here (pid ${running.supervisor.pid}); stop it first with \`./bin/oa down\`.\n`,
  );
  process.exitCode = 1;
} else if (!existsSync(layout.data)) {
  process.stdout.write('There is nothing to wipe.\n');
} else if (await confirmed()) {
  await rm(layout.data, { recursive: true, force: true });
  process.stdout.write('Wiped.\n');
} else {
  process.stdout.write('Nothing was wiped.\n');
}

async function confirmed(): Promise<boolean> {
  if (process.argv.includes('--yes')) return true;
  if (!process.stdin.isTTY) {
    process.stderr.write('Without a terminal, say --yes.\n');
    process.exitCode = 2;
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(
    `Wipe ${layout.data} with all runs, receipts and artifacts? [y/N] `,
  );
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}
