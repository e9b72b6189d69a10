export type Lock = <T>(work: () => Promise<T>) => Promise<T>;

/** Runs one piece of work at a time, in the order asked for; a failure does not block what waits behind it. */
export function createLock(): Lock {
  let tail: Promise<unknown> = Promise.resolve();
  return function exclusive(work) {
    const result = tail.then(work, work);
    tail = result.catch(() => undefined);
    return result;
  };
}
