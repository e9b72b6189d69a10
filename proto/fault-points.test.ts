import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { armedFaultPoints, NO_FAULTS } from './fault-points.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'oa-faults-'));
});

test('a place that is not armed is passed', () => {
  NO_FAULTS.reach('commit');
  armedFaultPoints(directory, 'worker', () => expect.fail()).reach('commit');
});

test('an armed place fires at the pass that it names, and once', () => {
  writeFileSync(join(directory, 'worker.commit'), '3');
  let deaths = 0;
  const faults = armedFaultPoints(directory, 'worker', () => {
    deaths += 1;
  });
  const seen = Array.from({ length: 5 }, () => {
    faults.reach('commit');
    faults.reach('another');
    return deaths;
  });
  expect(seen).toEqual([0, 0, 1, 1, 1]);
  expect(readdirSync(directory)).toEqual(['worker.commit.fired']);
});

test('the process dies there, without a chance to do anything more', () => {
  writeFileSync(join(directory, 'worker.commit'), '');
  const program = `
    const { armedFaultPoints } = await import(${JSON.stringify(join(import.meta.dirname, 'fault-points.ts'))});
    armedFaultPoints(${JSON.stringify(directory)}, 'worker').reach('commit');
    console.log('still here');`;
  const { signal, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  expect([signal, stdout]).toEqual(['SIGKILL', '']);
});
