/** The Python of this machine with what the client needs, in a cache that can be deleted at any time. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { stackLayout } from '../dev/layout.ts';

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');

/** Why the client cannot be run here, for the name of a skipped test; '' where it can. */
export function pythonNeeded(): string {
  const found = spawnSync('python3', ['-c', 'import ensurepip, venv']).status === 0;
  return found ? '' : ' (needs Python with venv: apt-get install python3-venv)';
}

/** The interpreter of an environment with exactly those requirements. */
export function pythonWithRequirements(): string {
  const hash = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12);
  const directory = join(stackLayout(process.env).cache, `python-${hash}`);
  const python = join(directory, 'bin', 'python');
  if (existsSync(python)) return python;
  // Complete or not there: an interrupted installation leaves another name behind.
  const draft = `${directory}.${process.pid}`;
  execFileSync('python3', ['-m', 'venv', draft]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--requirement', REQUIREMENTS];
  execFileSync(join(draft, 'bin', 'python'), pip);
  renameSync(draft, directory);
  return python;
}
