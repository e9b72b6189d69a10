import { randomOf, seedOf } from './random.ts';
import type { World } from './world.ts';

export interface Simulation {
  seed: number;
  /** If every world were played; one world gets its share of them. */
  histories: number;
}

/** A history in which something broke, with what it takes to see it again. */
export class FailingHistory extends Error {
  override readonly name = 'FailingHistory';
  readonly world: string;
  readonly seed: number;

  constructor(world: string, seed: number, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`${world}, seed ${seed}: ${why}. It belongs into ops/simulation/named-seeds.ts.`, {
      cause,
    });
    this.world = world;
    this.seed = seed;
  }
}

/** A quick look; `npm run verify` asks for a hundred thousand and more. */
const HISTORIES_DEFAULT = 5_000;

/** What to play: by the environment, or a few histories from a seed that nobody chose. */
export function simulationOf(environment: Record<string, string | undefined>): Simulation {
  const { OA_SIMULATION_SEED: seed, OA_SIMULATION_HISTORIES: histories } = environment;
  return {
    seed: seed ? Number(seed) >>> 0 : Date.now() >>> 0,
    histories: Number(histories) || HISTORIES_DEFAULT,
  };
}

/** Plays each world's share. Answers how many that were; throws FailingHistory for the first that breaks something. */
export async function simulate(
  { seed, histories }: Simulation,
  worlds: readonly World[],
): Promise<number> {
  let played = 0;
  for (const world of worlds) {
    const count = Math.ceil((histories * world.share) / 100);
    for (let index = 0; index < count; index += 1) await playOne(world, seedOf(seed, index));
    played += count;
  }
  return played;
}

/** One history again. */
export async function playOne(world: World, seed: number): Promise<void> {
  try {
    const playing = world.play(randomOf(seed));
    // Most worlds need no waiting, and a wait costs as much as some of their histories.
    if (playing) await playing;
  } catch (error) {
    throw new FailingHistory(world.name, seed, error);
  }
}
