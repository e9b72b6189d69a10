export interface Arrivals<T> {
  arrive(key: string, value: T): void;
  wait(key: string): Promise<T>;
  any(): string;
}

const WAIT_MS = 120_000;

/** Values by key, each settled once, whichever comes first: the value or whoever waits for it. */
export function createArrivals<T>(): Arrivals<T> {
  const values = new Map<string, T>();
  const waiting = new Map<string, (value: T) => void>();
  return {
    arrive(key, value) {
      if (values.has(key)) return;
      values.set(key, value);
      waiting.get(key)?.(value);
      waiting.delete(key);
    },
    wait(key) {
      const known = values.get(key);
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${key} did not arrive`)), WAIT_MS);
        waiting.set(key, (value) => {
          clearTimeout(timer);
          resolve(value);
        });
      });
    },
    any() {
      const [first] = values.keys();
      if (!first) throw new Error('nothing arrived');
      return first;
    },
  };
}
