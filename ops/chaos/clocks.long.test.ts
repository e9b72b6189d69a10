/** The clock of one process is an hour off while runs are under way, and is right again after a while. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../testing/oa.ts';
import { type Hosts, startHosts } from './campaign/hosts.ts';
import { openPlatform, type Platform } from './campaign/platform.ts';
import { type RunsOfATest, runsOfATest } from './runs-of-a-test.ts';

const HOUR_MS = 3_600_000;
/** A process looks at its moved clock several times a second. */
const NOTICED_MS = 500;
/** Longer than between two renewals of a lease (15 s), shorter than the lease (45 s): its host is refused at least once. */
const WRONG_FOR_MS = 22_000;
const SLOW = 'sleep 2; echo 42 > value.txt';
const TIMEOUT_MS = 300_000;

let platform: Platform;
let hosts: Hosts;
let runs: RunsOfATest;

beforeAll(async () => {
  platform = await openPlatform();
  hosts = await startHosts(platform.oa, ['one'], 4);
  runs = runsOfATest(platform);
}, TIMEOUT_MS);
afterAll(async () => {
  await hosts.stop();
  await platform.remove();
});

const CASES = (['runtime', 'khala', 'worker', 'control', 'verifier'] as const).flatMap((victim) => [
  { victim, where: 'behind', offsetMs: -HOUR_MS },
  { victim, where: 'ahead', offsetMs: HOUR_MS },
]);

test.each(CASES)(
  '$victim an hour $where: no host ends, and runs before, during and after end as ever',
  { timeout: TIMEOUT_MS },
  async ({ victim, offsetMs }) => {
    const before = await runs.started(SLOW);
    platform.faults.moveClock(victim, offsetMs);
    const wrong = delay(WRONG_FOR_MS);
    await delay(NOTICED_MS);
    // Insists: a service that trusts nobody in the meantime says so, and the run begins when it does again.
    const during = runs.started();
    await wrong;
    platform.faults.moveClock(victim, 0);
    await delay(NOTICED_MS);
    await Promise.all([runs.ended(before), during.then(runs.ended)]);
    await runs.ended(await runs.started());
    await runs.expectWhole();
    expect(hosts.restarts).toBe(0);
  },
);

test.each(CASES.filter(({ victim }) => victim === 'runtime'))(
  'the runtime an hour $where asks every service that calls it to come back, and names the clocks',
  { timeout: TIMEOUT_MS },
  async ({ offsetMs }) => {
    platform.faults.moveClock('runtime', offsetMs);
    const refusal = await eventually(async () => {
      const answer = await platform.ask('GET', '/v1/runs');
      return answer.status === 503 ? answer : undefined;
    });
    expect(refusal.code).toBe('service_unavailable');
    platform.faults.moveClock('runtime', 0);
    await eventually(async () => (await platform.ask('GET', '/v1/runs')).status === 200);
  },
);
