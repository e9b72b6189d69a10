import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { identify } from './process-table.ts';
import { createSupervisor, type Part, waves } from './supervisor.ts';

/** A real process that writes a file when it is up and stays until it is told to end. */
async function part(name: string, needs: string[], script?: string): Promise<Part> {
  const file = join(await mkdtemp(join(tmpdir(), 'oa-part-')), 'up');
  const body =
    script ?? `require('fs').writeFileSync(${JSON.stringify(file)},''); setInterval(()=>{},1e3)`;
  return {
    name,
    needs,
    command: process.execPath,
    args: ['-e', body],
    isReady: async () => existsSync(file),
  };
}

function record(parts: Part[]) {
  const states: string[] = [];
  let pids: Record<string, number> = {};
  const supervisor = createSupervisor(parts, {
    onState: (one, state) => states.push(`${one.name} ${state}`),
    onLine: () => {},
    onPids: (now) => {
      pids = now;
    },
  });
  onTestFinished(() => supervisor.stop());
  return { supervisor, states, pids: () => pids };
}

test('parts start when what they need is ready and stop in the reverse order, leaving no process', async () => {
  const parts = [await part('api', ['database']), await part('database', [])];
  const { supervisor, states, pids } = record(parts);
  await supervisor.start();
  const started = Object.values(pids());
  expect(started).toHaveLength(2);
  await supervisor.stop();
  expect(states).toEqual([
    'database starting',
    'database ready',
    'api starting',
    'api ready',
    'api stopped',
    'database stopped',
  ]);
  expect(started.map(identify)).toEqual([undefined, undefined]);
});

test('a part that is killed is started again under another pid', async () => {
  const { supervisor, states, pids } = record([await part('api', [])]);
  await supervisor.start();
  const first = pids()['api'];
  if (!first) throw new Error('not started');
  process.kill(first, 'SIGKILL');
  await expect.poll(() => states.filter((state) => state === 'api ready').length).toBe(2);
  expect(pids()['api']).not.toBe(first);
});

test('a part that comes back before what it needs does is started once more', async () => {
  const database = join(await mkdtemp(join(tmpdir(), 'oa-part-')), 'database');
  writeFileSync(database, '');
  const script = `require('fs').accessSync(${JSON.stringify(database)}); setInterval(()=>{},1e3)`;
  const api = { ...(await part('api', [], script)), isReady: async () => existsSync(database) };
  const { supervisor, states, pids } = record([api]);
  await supervisor.start();
  rmSync(database);
  process.kill(pids()['api'] ?? 0, 'SIGKILL');
  const count = (state: string) => states.filter((one) => one === state).length;
  await expect.poll(() => count('api restarting'), { timeout: 5_000 }).toBe(2);
  writeFileSync(database, '');
  await expect.poll(() => count('api ready'), { timeout: 5_000 }).toBe(2);
  expect(count('api failed')).toBe(0);
});

test('a part that ends before it is ready fails the start and says how it ended', async () => {
  const { supervisor } = record([await part('api', [], 'process.exit(78)')]);
  await expect(supervisor.start()).rejects.toThrow('api ended with code 78');
});

test('a circle of needs is refused', async () => {
  const parts = [await part('a', ['b']), await part('b', ['a'])];
  expect(() => waves(parts)).toThrow('in a circle');
});
