import { BOUNDARIES, type Boundary, type Victim } from '../boundaries.ts';

/** One kill: a process at a boundary, or one or two processes at any moment. */
export type Kill = { label: string } & (
  | { kind: 'boundary'; boundary: Boundary }
  | {
      kind: 'moment';
      victims: Victim[];
      /** Not before clients were told so often, since the kill before it, that something is stored. Default 0. */
      afterAcknowledgements?: number;
    }
);

const ALONE: Victim[] = [
  'runtime',
  'worker',
  'verifier',
  'khala',
  'control',
  'postgres',
  'temporal',
  'host',
];

/** Each pair fails together in a different way: shared ground, both ends of a line, both sides of a step. */
const TOGETHER: Victim[][] = [
  ['worker', 'postgres'],
  ['runtime', 'host'],
  ['temporal', 'worker'],
  ['khala', 'runtime'],
  ['verifier', 'temporal'],
];

export const KILLS: readonly Kill[] = [
  ...BOUNDARIES.map((boundary) => ({
    kind: 'boundary' as const,
    label: `${boundary.victim} at ${boundary.point}`,
    boundary,
  })),
  ...[...ALONE.map((victim) => [victim]), ...TOGETHER].map((victims) => ({
    kind: 'moment' as const,
    label: `${victims.join(' and ')} at any moment`,
    victims,
  })),
];

/** `count` kills, every kind as often as every other, in an order that the seed decides. */
export function planKills(seed: number, count: number): Kill[] {
  const random = randomOf(seed);
  const plan: Kill[] = [];
  while (plan.length < count) plan.push(...shuffled(KILLS, random));
  return plan.slice(0, count);
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}

/** mulberry32: small, seeded, good enough to shuffle with. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
