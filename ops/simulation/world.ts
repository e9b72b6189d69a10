import type { Random } from './random.ts';

/** What a simulation puts the parts of one subject through, and what must hold whatever happens. */
export interface World {
  readonly name: string;
  /** Of a hundred histories so many are of this world. */
  readonly share: number;
  /** Makes one whole history. Throws where an invariant does not hold. */
  play(random: Random): void | Promise<void>;
}

/** A part did what it must never do. */
export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant';
}

export function must(holds: boolean, invariant: string, seen: unknown = ''): asserts holds {
  if (!holds) throw new BrokenInvariant(`${invariant}${seen === '' ? '' : `: ${shown(seen)}`}`);
}

/** Equal as JSON, with bigint and Date as text. */
export function mustEqual(found: unknown, expected: unknown, invariant: string): void {
  const [left, right] = [shown(found), shown(expected)];
  must(left === right, invariant, `${left} instead of ${right}`);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(value, (_key, inner) =>
    typeof inner === 'bigint' ? inner.toString() : inner,
  );
}
