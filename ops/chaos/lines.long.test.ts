/**
 * The line between any two processes is cut, and refused for a while; or its open connections fall silent for ever, without
 * a word. A run that is under way and one that starts then end as they would have.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTcpProxy, type TcpProxy } from '#services/khala/testing/tcp-proxy.ts';
import { freePort } from '../dev/free-port.ts';
import { eventually } from '../testing/oa.ts';
import { type Hosts, startHosts } from './campaign/hosts.ts';
import { openPlatform, type Platform } from './campaign/platform.ts';
import { type RunsOfATest, runsOfATest } from './runs-of-a-test.ts';

/** Who reaches whom by which setting; `oa` reaches control by its address. */
const LINES = [
  { from: 'host', to: 'control', setting: '' },
  { from: 'host', to: 'khala', setting: 'control.KHALA_URL' },
  { from: 'control', to: 'runtime', setting: 'control.RUNTIME_URL' },
  { from: 'verifier', to: 'runtime', setting: 'verifier.RUNTIME_URL' },
  { from: 'runtime', to: 'postgres', setting: 'runtime.RUNTIME_DATABASE_URL' },
  { from: 'worker', to: 'postgres', setting: 'worker.RUNTIME_DATABASE_URL' },
  { from: 'khala', to: 'postgres', setting: 'khala.KHALA_DATABASE_URL' },
  { from: 'control', to: 'postgres', setting: 'control.CONTROL_DATABASE_URL' },
  { from: 'runtime', to: 'temporal', setting: 'runtime.TEMPORAL_ADDRESS' },
  { from: 'worker', to: 'temporal', setting: 'worker.TEMPORAL_ADDRESS' },
  { from: 'verifier', to: 'temporal', setting: 'verifier.TEMPORAL_ADDRESS' },
] as const;

const PORTS = {
  control: 'CONTROL_PORT',
  khala: 'KHALA_PORT',
  runtime: 'RUNTIME_PORT',
  postgres: 'OA_POSTGRES_PORT',
  temporal: 'OA_TEMPORAL_PORT',
} as const;

const nameOf = ({ from, to }: (typeof LINES)[number]) => `${from} to ${to}`;

const CUT_MS = 3_000;
const BETWEEN_LINES_MS = 2_000;
const SLOW = 'sleep 1; echo 42 > value.txt';
const TIMEOUT_MS = 600_000;
/**
 * From the silence to the end of the last run that met it. Each end finds out by itself, and again on each connection that
 * died: a line to Postgres takes 45 s, and a run meets up to three such waits one after the other, as all lines fall silent
 * within half a minute.
 */
const RECOVERS_WITHIN_MS = 180_000;

const proxies = new Map<string, TcpProxy>();
let runs: RunsOfATest;
let platform: Platform;
let hosts: Hosts;

beforeAll(async () => {
  const env: Record<string, string> = {};
  for (const name of Object.values(PORTS)) env[name] = String(await freePort());
  const routes: Record<string, string> = {};
  for (const line of LINES) {
    const proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(env[PORTS[line.to]]) });
    proxies.set(nameOf(line), proxy);
    if (line.setting) routes[line.setting] = `127.0.0.1:${proxy.port}`;
  }
  env['OA_REROUTE'] = JSON.stringify(routes);
  const controlUrl = `http://127.0.0.1:${proxies.get('host to control')?.port}`;
  platform = await openPlatform({ env, controlUrl });
  hosts = await startHosts(platform.oa, ['one'], 4);
  runs = runsOfATest(platform);
}, TIMEOUT_MS);

afterAll(async () => {
  await hosts.stop();
  await platform.remove();
  for (const proxy of proxies.values()) await proxy.close();
});

/** A run is under way, the fault comes, another run starts in the middle of it: how many connections it met, and when both had ended. */
async function through(fault: () => Promise<number>) {
  const before = await runs.started(SLOW);
  await delay(500);
  const faulting = fault();
  const during = runs.started();
  const met = await faulting;
  const fromMs = performance.now();
  return {
    met,
    endedAfterMs: Promise.all([runs.ended(before), during.then(runs.ended)]).then(
      () => performance.now() - fromMs,
    ),
  };
}

/** Between two sync tokens a host has nothing to say to control for minutes; one that starts has. */
function restartHost(): void {
  const pid = hosts.pids()['one'];
  if (pid) process.kill(pid, 'SIGKILL');
}

test.each(LINES)('the line from $from to $to is cut', { timeout: TIMEOUT_MS }, async (line) => {
  const { met, endedAfterMs } = await through(async () => {
    const open = proxies.get(nameOf(line))?.down() ?? 0;
    await delay(CUT_MS);
    proxies.get(nameOf(line))?.restore();
    return open;
  });
  expect(met).toBeGreaterThan(0);
  await endedAfterMs;
});

describe('one line after the other falls silent, none waits for the others', () => {
  const silenced = new Map<string, Awaited<ReturnType<typeof through>>>();

  beforeAll(async () => {
    for (const line of LINES) {
      const name = nameOf(line);
      // A line that nobody uses in this moment has nothing to fall silent.
      const silence = () => {
        if (line.to === 'control') restartHost();
        return eventually(() => {
          const met = proxies.get(name)?.silence() ?? 0;
          return met > 0 ? met : undefined;
        });
      };
      const outcome = await through(silence);
      // Each test looks at its own.
      outcome.endedAfterMs.catch(() => undefined);
      silenced.set(name, outcome);
      await delay(BETWEEN_LINES_MS);
    }
  }, TIMEOUT_MS);

  test.each(LINES)(
    'the line from $from to $to is half open',
    { timeout: TIMEOUT_MS },
    async (line) => {
      const outcome = silenced.get(nameOf(line));
      expect(outcome?.met).toBeGreaterThan(0);
      expect(await outcome?.endedAfterMs).toBeLessThan(RECOVERS_WITHIN_MS);
    },
  );
});

test('after all of it nothing is lost, doubled or left waiting', async () => {
  await runs.expectWhole();
});
