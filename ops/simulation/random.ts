/** Chance that can be repeated: the same seed draws the same history on every machine. */
export interface Random {
  /** 0 ≤ n < below. */
  below(below: number): number;
  chance(share: number): boolean;
  pick<T>(values: readonly T[]): T;
  /** The values in another order. */
  shuffled<T>(values: readonly T[]): T[];
}

/** A 32-bit generator (mulberry32): every seed is as good as another, and a draw costs nanoseconds. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  const below = (limit: number) => next() % limit;
  return {
    below,
    chance: (share) => next() < share * 2 ** 32,
    pick<T>(values: readonly T[]): T {
      if (values.length === 0) throw new Error('nothing to pick from');
      return values[below(values.length)] as T;
    },
    shuffled<T>(values: readonly T[]): T[] {
      const left = [...values];
      const order: T[] = [];
      while (left.length > 0) order.push(...left.splice(below(left.length), 1));
      return order;
    },
  };
}

/** The seed of history `index` of a simulation: neighbours share nothing. */
export function seedOf(seed: number, index: number): number {
  const random = randomOf((seed ^ Math.imul(index + 1, 0x9e3779b1)) >>> 0);
  return random.below(2 ** 32);
}
