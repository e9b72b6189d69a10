import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { pin } from './pinned.ts';

/** A process that answers requests, each once, by their number. */
export interface PinnedProcess<R> {
  pid: number;
  ask(request: R): Promise<unknown>;
  stop(): Promise<void>;
}

interface Answer {
  id: number;
  value?: unknown;
  fault?: string;
}

export function startPinnedProcess<R extends object>(
  module: URL,
  core: number,
  env: Record<string, string> = {},
): PinnedProcess<R> {
  const child: ChildProcess = fork(fileURLToPath(module), {
    serialization: 'advanced',
    env: { PATH: process.env['PATH'], ...env },
  });
  const pid = child.pid ?? 0;
  pin(pid, core);
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let asked = 0;
  child.on('message', ({ id, value, fault }: Answer) => {
    const answer = waiting.get(id);
    waiting.delete(id);
    if (fault === undefined) answer?.resolve(value);
    else answer?.reject(new Error(fault));
  });
  const exited = once(child, 'exit').then(() => {
    for (const { reject } of waiting.values()) reject(new Error('a process of the bench ended'));
  });
  return {
    pid,
    ask(request) {
      asked += 1;
      const answer = Promise.withResolvers<unknown>();
      waiting.set(asked, answer);
      child.send({ id: asked, request });
      return answer.promise;
    },
    async stop() {
      child.disconnect();
      child.kill('SIGKILL');
      await exited;
    },
  };
}
