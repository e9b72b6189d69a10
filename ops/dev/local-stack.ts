import { type Layout, stackLayout } from './layout.ts';
import { choosePorts, type Ports, takenPorts } from './ports.ts';
import { identify } from './process-table.ts';
import { claimStack } from './running.ts';
import type { Screen } from './screen.ts';
import { describeStack, type Stack } from './stack.ts';
import { createSupervisor, type Part, type PartState } from './supervisor.ts';

export interface LocalStack {
  layout: Layout;
  ports: Ports;
  stack: Stack;
  /** Milliseconds from the first process to the last one ready. */
  readyMs: number;
  /** Rejects when a part fails for good. */
  failed: Promise<never>;
  stop(): Promise<void>;
}

export class PortsTakenError extends Error {
  constructor(messages: string[]) {
    super(messages.join('\n'));
    this.name = 'PortsTakenError';
  }
}

export interface StackWatcher {
  onState?(part: Part, state: PartState, elapsedMs: number, stack: Stack): void;
  onLine?(part: Part, line: string): void;
  /** Aborted: what has started so far stops, and `startLocalStack` rejects. */
  signal?: AbortSignal;
}

/**
 * Brings the local stack up and keeps it up until `stop`.
 *
 * @throws StackRunningError, PortsTakenError, or the first failure of a part.
 */
export async function startLocalStack(
  env: NodeJS.ProcessEnv,
  screen: Screen,
  watcher: StackWatcher = {},
): Promise<LocalStack> {
  const layout = stackLayout(env);
  const claim = await claimStack(layout);
  if (claim.reaped > 0) screen.say(`Ended ${claim.reaped} processes that a killed stack left.`);
  const ports = await choosePorts(env);
  const startedAt = performance.now();
  let stop = async () => claim.release();
  try {
    const stack = await describeStack(layout, ports, env);
    const taken = await takenPorts(ports, stack.listens);
    if (taken.length > 0) throw new PortsTakenError(taken.map((port) => port.message));
    const supervisor = createSupervisor(stack.parts, {
      onState: (part, state, elapsedMs) => watcher.onState?.(part, state, elapsedMs, stack),
      onLine: (part, line) => {
        screen.log(part.name, line);
        watcher.onLine?.(part, line);
      },
      onPids: (pids) => claim.record({ parts: identifyAll(pids) }),
    });
    stop = async () => {
      await supervisor.stop();
      claim.release();
    };
    claim.record({ addresses: addressesOf(ports, env) });
    await Promise.race([supervisor.start(), supervisor.failed, aborted(watcher.signal)]);
    const readyMs = performance.now() - startedAt;
    return { layout, ports, stack, readyMs, failed: supervisor.failed, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new Error('interrupted')), { once: true });
  });
}

function identifyAll(pids: Record<string, number>) {
  const identities = Object.entries(pids).flatMap(([name, pid]) => {
    const identity = identify(pid);
    return identity ? [[name, identity] as const] : [];
  });
  return Object.fromEntries(identities);
}

/** Where the parts answer HTTP, and the servers and the Temporal UI. */
function addressesOf(ports: Ports, env: NodeJS.ProcessEnv): Record<string, string> {
  const http = (port: number) => `http://127.0.0.1:${port}`;
  return {
    control: http(ports.control),
    runtime: http(ports.runtime),
    khala: http(ports.khala),
    worker: http(ports.worker),
    verifier: http(ports.verifier),
    postgres: `127.0.0.1:${ports.postgres}`,
    temporal: env['TEMPORAL_ADDRESS'] || `127.0.0.1:${ports.temporal}`,
    temporal_ui: http(ports.temporalUi),
  };
}
