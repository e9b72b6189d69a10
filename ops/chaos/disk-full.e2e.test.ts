/**
 * The disks of the log and of the artifacts run full while runs are under way. Callers are told to come back, runs wait, and
 * when there is room again everything goes on by itself, with nothing lost.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256Of } from '#proto/sha256.ts';
import { eventually } from '../testing/oa.ts';
import { stackDirectory } from '../testing/stack-process.ts';
import { type Hosts, startHosts } from './campaign/hosts.ts';
import { openPlatform, type Platform } from './campaign/platform.ts';
import { type RunsOfATest, runsOfATest } from './runs-of-a-test.ts';
import { canMount, type SmallDisk, smallDisk } from './small-disk.ts';
import { tinyRun } from './tiny-run.ts';

const MIB = 1024 * 1024;
const LOG_BYTES = 256 * MIB;
const ARTIFACTS_BYTES = 8 * MIB;
const HOME_BYTES = 32 * MIB;

describe.skipIf(!canMount())('where a disk can be made small (as root on Linux)', () => {
  let platform: Platform;
  let hosts: Hosts;
  let log: SmallDisk;
  let artifacts: SmallDisk;
  let home: SmallDisk;
  let runs: RunsOfATest;

  beforeAll(async () => {
    const directory = await stackDirectory();
    log = smallDisk(join(directory, 'data', 'postgres'), LOG_BYTES);
    artifacts = smallDisk(join(directory, 'data', 'artifacts'), ARTIFACTS_BYTES);
    home = smallDisk(join(directory, 'home'), HOME_BYTES);
    platform = await openPlatform({ directory });
    hosts = await startHosts(platform.oa, ['one'], 4);
    runs = runsOfATest(platform);
  });
  afterAll(async () => {
    await hosts.stop();
    await platform.stack.stop();
    for (const disk of [log, artifacts, home]) disk.remove();
    await platform.remove();
  });

  const create = (key: string) =>
    platform.ask('POST', '/v1/runs', { spec: tinyRun(platform) }, key);

  /** What fits into pages that are there is taken; the first that needs another one is refused. */
  async function untilRefused() {
    for (;;) {
      const key = randomUUID();
      const answer = await create(key);
      if (answer.status >= 300) return { key, answer };
      runs.add(String(answer.data['run_id']));
    }
  }

  test('no room for artifacts: the upload is asked to come back, and the run goes on when there is room', async () => {
    await runs.ended(await runs.started());
    artifacts.fill(0);
    const waiting = await runs.started();
    const content = 'an artifact';
    const sha256 = sha256Of(Buffer.from(JSON.stringify(content)));
    const path = `/v1/runs/${waiting}/artifacts/${sha256}?kind=output`;
    const refused = await platform.ask('PUT', path, content);
    expect(refused).toMatchObject({ status: 503, code: 'service_unavailable' });
    await delay(3_000);
    const [run] = await platform.sql`select status from runtime.runs where run_id = ${waiting}`;
    expect(run?.['status']).toBe('running');
    artifacts.empty();
    await runs.ended(waiting);
    await runs.expectWhole();
  }, 300_000);

  test('no room for the journal of requests: the host ends and says so, and the run goes on when there is room', async () => {
    home.fill(0);
    const waiting = await runs.started();
    await eventually(async () => {
      const [worker] = await platform.sql`select status from runtime.workers`;
      return worker?.['status'] === 'stopped' || undefined;
    });
    home.empty();
    await runs.ended(waiting);
    await runs.expectWhole();
  }, 300_000);

  test('no room for the log: a write is asked to come back and has changed nothing, and succeeds when there is room', async () => {
    await runs.started();
    log.fill(0);
    const { key, answer: refused } = await untilRefused();
    expect(refused).toMatchObject({ status: 503, code: 'service_unavailable' });
    log.empty();
    const again = await eventually(async () => {
      const answer = await create(key).catch(() => undefined);
      return answer && answer.status < 300 ? answer : undefined;
    });
    runs.add(String(again.data['run_id']));
    for (const runId of runs.all) await runs.ended(runId);
    await runs.expectWhole();
  }, 300_000);
});
