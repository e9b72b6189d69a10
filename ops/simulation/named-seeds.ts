/**
 * Histories that once broke something, kept as tests by name. A seed that a simulation prints comes here with what it broke,
 * in the commit that mends it.
 *
 * A change of a world draws other histories from the same seed: `planted` puts the old fault back, and the test asks that
 * the seed still finds it. Where it no longer does, look for another seed that does.
 */

import { believesEveryCaughtUp, endsWithItsStore } from './testing/planted-faults.ts';
import type { World } from './world.ts';
import { readerWorld } from './worlds/reader.ts';

export interface NamedSeed {
  name: string;
  seed: number;
  world: World;
  /** The same world with the fault as it was. */
  planted: World;
}

export const NAMED_SEEDS: readonly NamedSeed[] = [
  {
    name: 'a client that lost the last frame does not say that it has caught up',
    seed: 2_473_804_303,
    world: readerWorld(),
    planted: readerWorld({ createSubscription: believesEveryCaughtUp }),
  },
  {
    name: 'a store that fails when a snapshot moved the position lags, and ends nothing',
    seed: 4_011_559_920,
    world: readerWorld(),
    planted: readerWorld({ createSubscription: endsWithItsStore }),
  },
];
