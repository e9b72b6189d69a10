/** The gates of the contracts: all run, each says what is wrong and how to put it right. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BASELINE, ROOT } from './contract.ts';
import { describe, generate } from './generate.ts';

interface Gate {
  name: string;
  /** What is wrong, or null. */
  check(): string | null;
}

const GATES: readonly Gate[] = [
  { name: 'proto lint', check: () => buf('lint', 'proto') },
  { name: 'proto format', check: () => buf('format', 'proto', '--exit-code', '--diff') },
  { name: 'proto breaking', check: () => buf('breaking', 'proto', '--against', BASELINE) },
  { name: 'generated code', check: () => drift(generate()) },
  { name: 'OpenAPI documents', check: () => drift(describe()) },
];

function buf(...args: string[]): string | null {
  const run = spawnSync('node_modules/.bin/buf', args, { cwd: ROOT, encoding: 'utf8' });
  return run.status === 0 ? null : `buf ${args.join(' ')}\n${run.stdout}${run.stderr}`;
}

function drift(files: ReadonlyMap<string, string>): string | null {
  const stale = [...files]
    .filter(([path, text]) => {
      const file = join(ROOT, path);
      return !existsSync(file) || readFileSync(file, 'utf8') !== text;
    })
    .map(([path]) => path);
  if (stale.length === 0) return null;
  return `${stale.join(', ')} not as generated: run npm run proto:generate and commit`;
}

let failed = 0;
for (const gate of GATES) {
  const fault = gate.check();
  process.stdout.write(`${fault === null ? 'ok' : 'FAILED'}  ${gate.name}\n`);
  if (fault === null) continue;
  failed += 1;
  process.stderr.write(`${fault.trimEnd()}\n`);
}
process.exitCode = failed === 0 ? 0 : 1;
