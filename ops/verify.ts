import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `npm run verify`: every gate, all of them even when one fails, and one line that sums up. */
interface Gate {
  name: string;
  command: string[];
}

const GATES: Gate[] = [
  { name: 'format and lint', command: ['biome', 'ci', '--error-on-warnings', '.'] },
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'contracts', command: ['node', 'ops/proto/gates.ts'] },
];

/** What a merge plays of the simulation; a run of the tests alone looks at a few. */
process.env['OA_SIMULATION_HISTORIES'] ??= '100000';

const failOnSkip = process.env['OA_FAIL_ON_SKIP'] === '1';
let passed = 0;
let failed = 0;

for (const gate of GATES) {
  const startedAt = performance.now();
  const ok = run(gate.command);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(`${ok ? 'ok' : 'FAILED'}  ${gate.name} (${seconds} s)\n`);
  count(ok);
}
countTests();
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

function count(ok: boolean): void {
  if (ok) passed += 1;
  else failed += 1;
}

function run(command: string[]): boolean {
  const [program = '', ...args] = command;
  return spawnSync(program, args, { stdio: 'inherit' }).status === 0;
}

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numFailedTestSuites: number;
  success: boolean;
  testResults: { name: string; assertionResults: { status: string; fullName: string }[] }[];
}

function countTests(): void {
  const directory = mkdtempSync(join(tmpdir(), 'oa-verify-'));
  const file = join(directory, 'report.json');
  try {
    const ok = run([
      'vitest',
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ]);
    const report: Report = JSON.parse(readFileSync(file, 'utf8'));
    passed += report.numPassedTests;
    failed += report.numFailedTests;
    const skipped = report.testResults.flatMap((suite) =>
      suite.assertionResults
        .filter((test) => test.status === 'pending' || test.status === 'skipped')
        .map((test) => test.fullName),
    );
    for (const name of skipped) process.stdout.write(`skipped: ${name}\n`);
    if (failOnSkip) failed += skipped.length;
    // A suite that could not even be loaded has no failed test of its own.
    if (!ok && report.numFailedTests === 0) failed += Math.max(1, report.numFailedTestSuites);
  } catch (error) {
    process.stdout.write(`the tests left no report: ${error}\n`);
    failed += 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
