import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeFileAtomic } from './atomic-file.ts';
import { loadDevice } from './device.ts';
import { identifyProcess, isSameProcessAlive } from './process-identity.ts';
import { acquireLock, LockHeldError } from './process-lock.ts';
import { scratch } from './testing/scratch.ts';

test('what clients keep is readable by its owner alone, and no draft of it stays behind', async () => {
  using home = scratch();
  const path = join(home.path, 'deep', 'file.json');
  await writeFileAtomic(path, 'one');
  await writeFileAtomic(path, 'two');
  expect(readFileSync(path, 'utf8')).toBe('two');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(home.path, 'deep'))).toEqual(['file.json']);
});

test('a device is made once, also by several at once, and stays the same', async () => {
  using home = scratch();
  const devices = await Promise.all([
    loadDevice(home.path),
    loadDevice(home.path),
    loadDevice(home.path),
  ]);
  const again = await loadDevice(home.path);
  expect(new Set([...devices, again].map(({ deviceId, jkt }) => `${deviceId} ${jkt}`)).size).toBe(
    1,
  );
  expect(statSync(join(home.path, 'device.json')).mode & 0o777).toBe(0o600);
});

test('a broken device file is named, never replaced in silence', async () => {
  using home = scratch();
  writeFileSync(join(home.path, 'device.json'), '{"schema":"other"}');
  await expect(loadDevice(home.path)).rejects.toThrow(/device\.json cannot be used/);
});

test('a lock that a living process holds is refused, and names it', async () => {
  using home = scratch();
  const path = join(home.path, 'a.lock');
  const lock = await acquireLock(path, 0);
  await expect(acquireLock(path, 0)).rejects.toThrow(LockHeldError);
  await expect(acquireLock(path, 0)).rejects.toThrow(String(process.pid));
  await lock.release();
  await (await acquireLock(path, 0)).release();
});

test('a lock whose holder was killed is taken over', async () => {
  using home = scratch();
  const path = join(home.path, 'a.lock');
  const holder = spawn('sleep', ['1000']);
  const identity = await identifyProcess(holder.pid ?? 0);
  writeFileSync(path, JSON.stringify(identity));
  await expect(acquireLock(path, 0)).rejects.toThrow(LockHeldError);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  await (await acquireLock(path, 0)).release();
});

test('a pid that was handed out again is another process', async () => {
  const self = await identifyProcess(process.pid);
  if (!self) throw new Error('this process runs');
  expect(await isSameProcessAlive(self)).toBe(true);
  expect(await isSameProcessAlive({ ...self, started: 'another boot/1' })).toBe(false);
});
