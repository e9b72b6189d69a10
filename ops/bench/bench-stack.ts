import { join } from 'node:path';
import { createOa, type StartedWorker } from '../demo/oa.ts';
import { stackLayout } from '../dev/layout.ts';
import { type Operator, signIn } from '../testing/operator.ts';
import { type StackProcess, startStackProcess } from '../testing/stack-process.ts';

const EMAIL = 'bench@localhost';
const TURNS_AT_ONCE = '16';

/** A stack with one agent host, as `npm start` and `oa worker start` make them. */
export interface BenchStack {
  stack: StackProcess;
  operator: Operator;
  host: StartedWorker;
  startHost(...flags: string[]): Promise<StartedWorker>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The person of the benches, by the HTTP API alone. */
export function signInForBench(stack: StackProcess): Promise<Operator> {
  return signIn(stack, EMAIL);
}

/** `root`: another checkout's code. */
export async function startBenchStack(
  directory: string,
  options: { root?: string; env?: NodeJS.ProcessEnv; hostFlags?: string[] } = {},
): Promise<BenchStack> {
  const { root, env = {}, hostFlags = [] } = options;
  const stack = await startStackProcess(directory, env, root);
  try {
    const layout = stackLayout(stack.env);
    const oa = createOa({
      layout: { ...layout, root: root ?? layout.root },
      control: stack.state().addresses['control'] ?? '',
      env: stack.env,
      signal: new AbortController().signal,
    });
    await oa.ensureLogin(EMAIL);
    const startHost = (...flags: string[]) =>
      oa.startWorker(join(directory, 'data'), '--turns', TURNS_AT_ONCE, ...flags);
    const host = await startHost(...hostFlags);
    return {
      stack,
      operator: await signInForBench(stack),
      host,
      startHost,
      async [Symbol.asyncDispose]() {
        await host.stop();
        await stack.stop();
      },
    };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}
