/** The clock of one process goes back an hour while runs are under way, and comes back. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../testing/oa.ts';
import { type Hosts, startHosts } from './campaign/hosts.ts';
import { openPlatform, type Platform } from './campaign/platform.ts';
import { type RunsOfATest, runsOfATest } from './runs-of-a-test.ts';

const HOUR_MS = 3_600_000;
/** A process looks at its moved clock several times a second. */
const NOTICED_MS = 500;
const SLOW = 'sleep 2; echo 42 > value.txt';
const TIMEOUT_MS = 180_000;

let platform: Platform;
let hosts: Hosts;
let runs: RunsOfATest;

beforeAll(async () => {
  platform = await openPlatform();
  hosts = await startHosts(platform.oa, ['one'], 4);
  runs = runsOfATest(platform);
});
afterAll(async () => {
  await hosts.stop();
  await platform.remove();
});

test.each(['worker', 'khala'] as const)(
  '$0 an hour behind: runs under way and new ones end as ever',
  {
    timeout: TIMEOUT_MS,
  },
  async (victim) => {
    const before = await runs.started(SLOW);
    platform.faults.moveClock(victim, -HOUR_MS);
    await delay(NOTICED_MS);
    const during = await runs.started();
    await Promise.all([runs.ended(before), runs.ended(during)]);
    platform.faults.moveClock(victim, 0);
    await delay(NOTICED_MS);
    await runs.ended(await runs.started());
    await runs.expectWhole();
  },
);

test('the runtime an hour behind: it trusts nobody and changes nothing, and goes on when its clock is right', {
  timeout: TIMEOUT_MS,
}, async () => {
  const before = await runs.started(SLOW);
  platform.faults.moveClock('runtime', -HOUR_MS);
  await eventually(async () => (await platform.ask('GET', '/v1/runs')).status === 401);
  // Shorter than between two renewals: a host that is refused ends, as with any credential that is refused.
  await delay(5_000);
  platform.faults.moveClock('runtime', 0);
  await eventually(async () => (await platform.ask('GET', '/v1/runs')).status === 200);
  await runs.ended(before);
  await runs.ended(await runs.started());
  await runs.expectWhole();
  expect(hosts.restarts).toBe(0);
});
