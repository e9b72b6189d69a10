/** Microseconds of the machine's monotonic clock: the same in every process. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint()) / 1_000;
}
