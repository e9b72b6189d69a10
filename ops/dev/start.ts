import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { stackLayout } from './layout.ts';
import { type LocalStack, startLocalStack } from './local-stack.ts';
import { createScreen } from './screen.ts';
import { explainStartFailure, partLine, stackIsUp } from './stack-screen.ts';

/** `npm start`: the local stack, until Ctrl-C. */
const layout = stackLayout(process.env);
mkdirSync(layout.logs, { recursive: true });
const screen = createScreen({ logs: layout.logs, quiet: false });

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interrupted.abort());
}

screen.say('OpenAgents, local stack\n');
process.exit(await runUntilInterrupted());

async function runUntilInterrupted(): Promise<number> {
  let stack: LocalStack | undefined;
  try {
    stack = await startLocalStack(process.env, screen, {
      signal: interrupted.signal,
      onState: (part, state, elapsedMs, described) => {
        const line = partLine(part, state, elapsedMs, described);
        if (line) screen.say(line);
      },
    });
    screen.say(stackIsUp(stack));
    await Promise.race([stack.failed, once(interrupted.signal, 'abort')]);
  } catch (error) {
    if (!interrupted.signal.aborted) {
      process.stderr.write(`\n${explainStartFailure(error, layout.logs)}\n`);
      await stack?.stop();
      return 1;
    }
  }
  screen.say('\nStopping…');
  await stack?.stop();
  screen.say(`Stopped. The data stays in ${layout.data}; \`npm run reset\` wipes it.`);
  return 0;
}
