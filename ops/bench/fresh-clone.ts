import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Measure, median } from './measure.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..');
const ROUNDS = 2;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

/** What a newcomer waits for: `npm ci && npm run demo` in a fresh clone of what is committed. */
export async function measureFreshClone(): Promise<Measure> {
  const seconds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) seconds.push(await cloneAndDemo());
  return {
    name: 'npm ci && npm run demo, warm package cache',
    value: median(seconds),
    unit: 's',
    better: 'lower',
    goal: 120,
    stretch: 60,
    baseline: 'absolute, fresh clone, Temporal CLI fetched anew',
    samples: { seconds },
  };
}

async function cloneAndDemo(): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'oa-clone-'));
  await chmod(directory, 0o755);
  const clone = join(directory, 'openagents');
  await run('git', ['clone', '--quiet', ROOT, clone]);
  const options = {
    cwd: clone,
    env: { ...process.env, OA_PORTS: 'free' },
    maxBuffer: OUTPUT_BYTES_MAX,
  };
  try {
    const startedAt = performance.now();
    await run('npm', ['ci'], options);
    const { stdout } = await run('npm', ['run', 'demo'], options);
    const seconds = (performance.now() - startedAt) / 1000;
    if (!stdout.includes('accepted')) throw new Error(`the demo ended without verdict: ${stdout}`);
    return seconds;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
