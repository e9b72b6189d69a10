import { join } from 'node:path';
import { createOa } from '../demo/oa.ts';
import { stackLayout } from '../dev/layout.ts';
import { type Operator, signIn } from '../testing/operator.ts';
import { type StackProcess, startStackProcess } from '../testing/stack-process.ts';

const EMAIL = 'bench@localhost';

/** A stack with one agent host, as `npm start` and `oa worker start` make them. */
export interface BenchStack {
  stack: StackProcess;
  operator: Operator;
  /** The host's process. */
  hostPid: number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** `root`: another checkout's code. */
export async function startBenchStack(
  directory: string,
  options: { root?: string; hostFlags?: string[] } = {},
): Promise<BenchStack> {
  const { root, hostFlags = ['--turns', '16'] } = options;
  const stack = await startStackProcess(directory, {}, root);
  try {
    const layout = stackLayout(stack.env);
    const oa = createOa({
      layout: { ...layout, root: root ?? layout.root },
      control: stack.state().addresses['control'] ?? '',
      env: stack.env,
      signal: new AbortController().signal,
    });
    await oa.ensureLogin(EMAIL);
    const host = await oa.startWorker(join(directory, 'data'), ...hostFlags);
    return {
      stack,
      operator: await signIn(stack, EMAIL),
      hostPid: host.pid,
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
