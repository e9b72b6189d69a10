/**
 * Reads by key that gather while one is under way: many callers share a query. A reading begins after everyone whom it
 * answers has asked, so that no answer is older than that of a reading of their own.
 */
export function gatheredRead<K, R>(
  read: (keys: readonly K[]) => Promise<ReadonlyMap<K, R>>,
): (key: K) => Promise<R | undefined> {
  let asked: Gathered<K, R> | undefined;
  let reading: Promise<unknown> = Promise.resolve();

  return function ask(key) {
    if (!asked) {
      const gathered: Gathered<K, R> = { keys: new Set(), rows: reading.then(take) };
      asked = gathered;
      reading = gathered.rows.catch(() => undefined);
    }
    asked.keys.add(key);
    return asked.rows.then((rows) => rows.get(key));
  };

  function take(): Promise<ReadonlyMap<K, R>> {
    const keys = [...(asked?.keys ?? [])];
    asked = undefined;
    return read(keys);
  }
}

interface Gathered<K, R> {
  keys: Set<K>;
  rows: Promise<ReadonlyMap<K, R>>;
}
