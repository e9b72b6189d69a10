import { AsyncLocalStorage } from 'node:async_hooks';
import type { FaultPoints } from '#proto/fault-points.ts';

// biome-ignore lint/suspicious/noExplicitAny: activities have arguments of every kind
type Activity = (...args: any[]) => Promise<unknown>;

export interface ActivityFaultPoints {
  /** For the pool of the activities: `<activity>.commit` and `<activity>.committed`. */
  inTransactions: FaultPoints;
  /** The same activities, reaching `<activity>.begin` before and `<activity>.done` after themselves. */
  around<A extends { [K in keyof A]: Activity }>(activities: A): A;
}

/** What stands in for the name of an activity where a transaction belongs to none. */
const NO_ACTIVITY = 'sweep';

/** Fault points that know which activity is under way. */
export function activityFaultPoints(faults: FaultPoints): ActivityFaultPoints {
  const current = new AsyncLocalStorage<string>();
  return {
    inTransactions: {
      reach: (point) => faults.reach(`${current.getStore() ?? NO_ACTIVITY}.${point}`),
    },
    around(activities) {
      const wrapped = Object.entries<Activity>(activities).map(([name, activity]) => [
        name,
        (...args: unknown[]) =>
          current.run(name, async () => {
            faults.reach(`${name}.begin`);
            const result = await activity(...args);
            faults.reach(`${name}.done`);
            return result;
          }),
      ]);
      return Object.fromEntries(wrapped);
    },
  };
}
