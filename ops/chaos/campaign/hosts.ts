import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, type Oa } from '../../testing/oa.ts';

/** Agent hosts as people start them, each started again when it was killed. */
export interface Hosts {
  /** The pids that live now, by name. */
  pids(): Record<string, number>;
  /** How often one was started after its end. */
  readonly restarts: number;
  stop(): Promise<void>;
}

/** A person who restarts a host takes longer; the lease of a worker outlives both. */
const RESTART_DELAY_MS = 300;

export async function startHosts(oa: Oa, names: string[], turnsEach: number): Promise<Hosts> {
  const living = new Map<string, ChildProcess>();
  let stopping = false;
  let restarts = 0;

  async function start(name: string): Promise<void> {
    const { child, output } = oa.start(
      ...['worker', 'start', '--root', '.', '--name', name, '--turns', String(turnsEach)],
    );
    living.set(name, child);
    child.once('exit', () => {
      living.delete(name);
      if (!stopping) void again(name);
    });
    await eventually(() => {
      if (child.exitCode !== null) throw new Error(`the agent host ended: ${output()}`);
      return child.signalCode !== null || /takes runs below/.test(output()) || undefined;
    });
  }

  /** A host that cannot start yet, because the platform is away, is tried again. */
  async function again(name: string): Promise<void> {
    await delay(RESTART_DELAY_MS);
    if (stopping) return;
    restarts += 1;
    await start(name).catch(() => undefined);
  }

  await Promise.all(names.map(start));
  return {
    pids: () =>
      Object.fromEntries([...living].flatMap(([name, { pid }]) => (pid ? [[name, pid]] : []))),
    get restarts() {
      return restarts;
    },
    async stop() {
      stopping = true;
      await Promise.all(
        [...living.values()].map(async (child) => {
          const ended = once(child, 'exit');
          child.kill('SIGTERM');
          await ended;
        }),
      );
    },
  };
}
