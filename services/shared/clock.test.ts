import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clockOf } from './clock.ts';

const HOUR_MS = 3_600_000;

test('a clock is the system’s, until a test moves it', async () => {
  expect(clockOf('worker', { OA_FAULT_POINTS_DIR: '' })).toBe(Date.now);
  const directory = mkdtempSync(join(tmpdir(), 'oa-clock-'));
  const now = clockOf('worker', { OA_FAULT_POINTS_DIR: directory });
  expect(Math.abs(now() - Date.now())).toBeLessThan(1_000);
  writeFileSync(join(directory, 'worker.clock'), String(-HOUR_MS));
  await expect.poll(() => Date.now() - now()).toBeGreaterThan(HOUR_MS - 1_000);
  rmSync(directory, { recursive: true });
});
