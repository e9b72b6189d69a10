import { accepts } from '../dev/accepts.ts';
import { httpGet } from '../dev/http-get.ts';
import type { Victim } from './boundaries.ts';
import type { Hosts } from './campaign/hosts.ts';
import type { Platform } from './campaign/platform.ts';

/** The processes of a platform, as whoever kills them sees them. */
export interface Victims {
  serves(victim: Victim): Promise<boolean>;
  /** True where the signal reached a process. */
  kill(victim: Victim): boolean;
}

const READY_TIMEOUT_MS = 1_000;

export function victimsOf(platform: Platform, hosts: Hosts): Victims {
  let hostsKilled = 0;

  function pidOf(victim: Victim): number | undefined {
    if (victim !== 'host') return platform.stack.state().parts[victim]?.pid;
    const pids = Object.values(hosts.pids());
    return pids[hostsKilled % Math.max(pids.length, 1)];
  }

  async function answers(victim: Victim): Promise<boolean> {
    if (pidOf(victim) === undefined) return false;
    const address = platform.stack.state().addresses[victim];
    switch (victim) {
      case 'host':
        return true;
      case 'postgres':
        return (await platform.sql`select 1`).length === 1;
      case 'temporal':
        return accepts(Number(address?.split(':').at(-1)));
      default:
        return (await httpGet(`${address}/readyz`, READY_TIMEOUT_MS)).ok;
    }
  }

  return {
    serves: (victim) => answers(victim).catch(() => false),
    kill(victim) {
      try {
        const pid = pidOf(victim);
        if (victim === 'host') hostsKilled += 1;
        return pid !== undefined && process.kill(pid, 'SIGKILL');
      } catch {
        // Died of another kill in this moment, or the whole stack did.
        return false;
      }
    },
  };
}
