import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { stackLayout } from './layout.ts';
import { type LocalStack, PortsTakenError, startLocalStack } from './local-stack.ts';
import { StackRunningError } from './running.ts';
import { createScreen } from './screen.ts';
import { partLine, stackIsUp } from './stack-screen.ts';

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
      process.stderr.write(`\n${explain(error)}\n`);
      await stack?.stop();
      return 1;
    }
  }
  screen.say('\nStopping…');
  await stack?.stop();
  screen.say('Stopped. The data stays in .data; `npm run reset` wipes it.');
  return 0;
}

function explain(error: unknown): string {
  if (error instanceof StackRunningError) {
    const { control, temporal_ui } = error.state.addresses;
    return `A stack is already running here (pid ${error.state.supervisor.pid}): control ${control}, Temporal UI ${temporal_ui}.\nStop it with Ctrl-C in its terminal or with \`./bin/oa down\`.`;
  }
  if (error instanceof PortsTakenError) return `Ports are taken:\n${error.message}`;
  const reason = error instanceof Error ? error.message : String(error);
  return `The stack could not start: ${reason}\nThe logs are in ${layout.logs}; \`./bin/oa doctor\` checks this machine.`;
}
