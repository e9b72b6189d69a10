/** How long things last, and who may do more than their organisation allows. */
export interface SessionPolicy {
  readonly challengeTtlMs: number;
  readonly accessTtlMs: number;
  readonly refreshTtlMs: number;
  /** Ids of the people who run this installation. */
  readonly operators: ReadonlySet<string>;
}

/**
 * A client that lost the answer to a refresh repeats it and gets the same successor within this time. Longer would
 * widen the window in which a stolen, just rotated token still works; shorter would log out phones on bad networks.
 */
export const IDENTICAL_RETRY_MS = 10_000;

export function after(now: Date, ms: number): Date {
  return new Date(now.getTime() + ms);
}
