import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Measure, median } from '../measure.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..', '..');
const ROUNDS = 3;
const TEST = 'workflows/histories/replay.test.ts';
const REPLAYS = / replays as /;
const OUTPUT_BYTES_MAX = 16 * 1_048_576;

/** The test that replays every recorded history, as CI runs it: from the start of its process to its end. */
export async function measureHistories(): Promise<Measure[]> {
  const seconds: number[] = [];
  let replayed = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedAt = performance.now();
    replayed = await replayAll();
    seconds.push((performance.now() - startedAt) / 1_000);
  }
  return [
    {
      name: 'replay of all recorded histories',
      value: median(seconds),
      unit: 's',
      better: 'lower',
      goal: 60,
      stretch: 20,
      baseline: `absolute, ${replayed} histories, test runner included`,
      samples: { seconds },
    },
  ];
}

/** How many histories were replayed; each of them fits. */
async function replayAll(): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'oa-histories-'));
  try {
    // Not on the standard output, where Temporal's core says what it thinks of the history that must not fit.
    const file = join(directory, 'report.json');
    const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
    await run(
      process.execPath,
      [vitest, 'run', '--project', 'unit', '--reporter', 'json', '--outputFile', file, TEST],
      { cwd: ROOT, maxBuffer: OUTPUT_BYTES_MAX },
    );
    const report = JSON.parse(await readFile(file, 'utf8')) as {
      testResults: { assertionResults: { title: string; status: string }[] }[];
    };
    const tests = report.testResults.flatMap((one) => one.assertionResults);
    return tests.filter(({ title, status }) => status === 'passed' && REPLAYS.test(title)).length;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
