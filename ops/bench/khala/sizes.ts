/** `OA_BENCH_QUICK=1`: small sizes, to see that a section works. Its figures say nothing. */
export const QUICK = process.env['OA_BENCH_QUICK'] === '1';

export function sized(full: number, quick: number): number {
  return QUICK ? quick : full;
}
