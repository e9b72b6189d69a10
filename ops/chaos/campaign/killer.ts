import { setTimeout as delay } from 'node:timers/promises';
import type { Victim } from '../boundaries.ts';
import { victimsOf } from '../victims.ts';
import type { Hosts } from './hosts.ts';
import type { Kill } from './plan.ts';
import type { Platform } from './platform.ts';

/**
 * Carries out a plan of kills while runs go on.
 *
 * 1. A victim is killed only when it serves: a process that never comes up proves nothing, and the supervisor gives up on it.
 * 2. A kill counts when the process is known to have died: its boundary fired, or the signal reached it.
 * 3. Kills keep pace with the runs, so that the last runs meet as many as the first.
 */
export interface Killer {
  /** How often each kind of kill happened, by label. */
  counts: Map<string, number>;
  done(): number;
  finished: Promise<void>;
  stop(): void;
}

export interface KillerOptions {
  platform: Platform;
  hosts: Hosts;
  plan: Kill[];
  /** Share of the runs that are done, 0 to 1. */
  progress(): number;
  /** What clients were told is stored, so far. */
  acknowledged(): number;
}

const LOOK_MS = 100;
/** Every boundary is crossed by each run, so one that is not crossed for so long waits for a process that is down. */
const FIRES_WITHIN_MS = 30_000;
/** The last kill comes before the last runs, so that all of it is over when they end. */
const PLAN_ENDS_AT = 0.9;
/** Kills under way beyond what progress asks for. */
const AHEAD_MAX = 3;

/** Victims of one lane are killed one after the other; lanes go on at once. */
const LANES: Victim[][] = [
  ['worker'],
  ['runtime'],
  ['verifier', 'control'],
  ['host', 'khala'],
  ['postgres', 'temporal'],
];

export function startKiller(options: KillerOptions): Killer {
  const { platform, hosts, plan, progress, acknowledged } = options;
  const { faults } = platform;
  const victims = victimsOf(platform, hosts);
  const counts = new Map<string, number>();
  let done = 0;
  let acknowledgedAtLastKill = 0;
  let stopped = false;

  async function lane(kills: Kill[]): Promise<void> {
    for (let kill = kills.shift(); kill && !stopped; kill = kills.shift()) {
      while (!stopped && done > paced() + AHEAD_MAX) await delay(LOOK_MS);
      if (stopped) return;
      if (await carryOut(kill)) {
        done += 1;
        counts.set(kill.label, (counts.get(kill.label) ?? 0) + 1);
      } else if (!stopped) {
        kills.push(kill);
      }
    }
  }

  const paced = () => (progress() / PLAN_ENDS_AT) * plan.length;

  async function carryOut(kill: Kill): Promise<boolean> {
    const doomed = kill.kind === 'moment' ? kill.victims : [kill.boundary.victim];
    for (const victim of doomed) {
      while (!stopped && !(await victims.serves(victim))) await delay(LOOK_MS);
    }
    if (kill.kind === 'moment') {
      const promisesMin = acknowledgedAtLastKill + (kill.afterAcknowledgements ?? 0);
      while (!stopped && acknowledged() < promisesMin) await delay(LOOK_MS);
      if (stopped) return false;
      acknowledgedAtLastKill = acknowledged();
      // One tick for all of them.
      return doomed.map((victim) => victims.kill(victim)).every(Boolean);
    }
    faults.arm(kill.boundary);
    const untilMs = Date.now() + FIRES_WITHIN_MS;
    while (!stopped && Date.now() < untilMs && !faults.hasFired(kill.boundary)) {
      await delay(LOOK_MS);
    }
    faults.disarm(kill.boundary);
    return faults.hasFired(kill.boundary);
  }

  return {
    counts,
    done: () => done,
    finished: Promise.all(
      LANES.map((own) => lane(plan.filter((kill) => own.includes(firstVictim(kill))))),
    ).then(() => undefined),
    stop() {
      stopped = true;
    },
  };
}

function firstVictim(kill: Kill): Victim {
  return kill.kind === 'boundary' ? kill.boundary.victim : (kill.victims[0] ?? 'worker');
}
