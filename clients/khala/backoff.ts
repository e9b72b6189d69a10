/** Short enough that a person does not notice one lost connection. */
export const BACKOFF_BASE_MS = 250;
/** Long enough that a node under a reconnect storm breathes, short enough that a viewer need not reload. */
export const BACKOFF_MAX_MS = 8_000;

/**
 * Full jitter: uniform over [0, min(max, base · 2^attempt)), because a synchronised herd is worse than a late client.
 * The server's hint is a floor; its own spread is already in it, so only the base is added on top.
 */
export function backoffDelayMs(attempt: number, hintMs: number, random: () => number): number {
  const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** Math.min(attempt, 10));
  if (hintMs > 0) return hintMs + random() * BACKOFF_BASE_MS;
  return random() * ceiling;
}
