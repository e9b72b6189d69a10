/**
 * The idempotency keys of a host have a room of their own in the log: under a key of the platform's, as `run:finished`,
 * an event of a host would be taken for the step itself, and the run could never end.
 */
const ROOM = 'host:';

export function storedKey(key: string): string {
  return `${ROOM}${key}`;
}

/** The key as its writer knows it. */
export function shownKey(stored: string): string {
  return stored.startsWith(ROOM) ? stored.slice(ROOM.length) : stored;
}
