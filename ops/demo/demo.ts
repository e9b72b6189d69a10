import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stackLayout } from '../dev/layout.ts';
import { type LocalStack, startLocalStack } from '../dev/local-stack.ts';
import { runningStack } from '../dev/running.ts';
import { createScreen } from '../dev/screen.ts';
import { explainStartFailure, partLine } from '../dev/stack-screen.ts';
import { type DemoAgent, demoAgent } from './demo-agent.ts';
import { createOa, type Oa } from './oa.ts';
import { makeSampleRepository } from './sample-repository.ts';

/** `npm run demo`: the stack, a repository with a failing test, a run that repairs it, and how to check the receipt. */
const EMAIL = 'demo@localhost';
const OBJECTIVE = 'make the failing test pass';
const HARNESS = 'node --test';

const layout = stackLayout(process.env);
const interactive = process.stdout.isTTY === true;
mkdirSync(layout.logs, { recursive: true });
const screen = createScreen({ logs: layout.logs, quiet: true });

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interrupted.abort());
}
process.exit(await demo());

async function demo(): Promise<number> {
  let stack: LocalStack | undefined;
  let worker: { stop(): Promise<void> } | undefined;
  let agent: DemoAgent | undefined;
  try {
    agent = await demoAgent(process.argv.slice(2), layout);
    const running = runningStack(layout);
    if (running) {
      screen.say(`Using the stack that runs here (pid ${running.supervisor.pid}).`);
    } else {
      screen.say(`Starting the local stack; its logs are in ${shown(layout.logs)}.\n`);
      stack = await startLocalStack(process.env, screen, {
        signal: interrupted.signal,
        onState: (part, state, elapsedMs, described) => {
          const line = partLine(part, state, elapsedMs, described);
          if (line) screen.say(line);
        },
      });
    }
    const control = runningStack(layout)?.addresses['control'] ?? '';
    const oa = createOa({ layout, control, env: homes(), signal: interrupted.signal });
    const repository = await makeSampleRepository(layout);
    screen.say(`\nA repository with a failing test: ${shown(repository)}`);
    await oa.ensureLogin(EMAIL);
    worker = await oa.startWorker(join(layout.data, 'demo'), ...agent.workerFlags);
    if (agent.note) screen.say(agent.note);
    const code = await runAgent(oa, repository, agent.agent);
    if (code !== 0) return code;
    if (interactive && stack) {
      screen.say(`\nThe stack stays up until Ctrl-C; in another terminal: ${oa.spelled} runs ls`);
      await Promise.race([stack.failed, once(interrupted.signal, 'abort')]);
      screen.say('\nStopping…');
    }
    return 0;
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    process.stderr.write(`\n${explainStartFailure(error, layout.logs)}\n`);
    return 1;
  } finally {
    await worker?.stop();
    await agent?.stop();
    await stack?.stop();
    if (interactive && stack) screen.say('Stopped.');
  }
}

/** On a terminal the login is the person's own, so that the commands they try next find it. */
function homes(): NodeJS.ProcessEnv {
  if (interactive) return process.env;
  return {
    OA_CONFIG_HOME: join(layout.data, 'demo', 'config'),
    OA_DATA_HOME: join(layout.data, 'demo', 'home'),
    ...process.env,
  };
}

async function runAgent(oa: Oa, repository: string, agent: string): Promise<number> {
  const bundle = join(layout.data, 'demo', 'bundle');
  screen.say(
    `\n$ ./bin/oa run "${OBJECTIVE}" --repo ${shown(repository)} --agent ${agent.includes('/') ? shown(agent) : agent} --verify "${HARNESS}"\n`,
  );
  return oa.show([
    ...['run', OBJECTIVE, '--repo', repository, '--agent', agent],
    ...['--verify', HARNESS, '--out', bundle],
  ]);
}

/** A path as a person in this checkout would type it. */
function shown(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}
