/** `npm run codex:install`: the Codex that the driver was tested with, below `.cache/`. Repeating it does nothing. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  codexInstallDirectory,
  locateCodex,
  nativeBinary,
} from '#clients/agent-host/drivers/codex/locate.ts';
import { CODEX_VERSION } from '#clients/agent-host/drivers/codex/version.ts';
import { stackLayout } from '../dev/layout.ts';

const run = promisify(execFile);

/** 100 MB over a slow line. */
const INSTALL_TIMEOUT_MS = 15 * 60_000;

const { cache } = stackLayout(process.env);
process.exitCode = await install();

async function install(): Promise<number> {
  const directory = codexInstallDirectory(cache);
  const known = await locateCodex({
    setting: nativeBinary(directory),
    cacheDirectory: cache,
    searchPath: undefined,
  });
  if (known.found?.version === CODEX_VERSION) {
    process.stdout.write(`Codex ${CODEX_VERSION} is installed: ${known.found.path}\n`);
    return 0;
  }
  process.stdout.write(`Installing Codex ${CODEX_VERSION} (about 400 MB) into ${directory} …\n`);
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'codex-'));
  try {
    await writeFile(join(work, 'package.json'), '{"private": true}\n');
    await run(
      'npm',
      ['install', '--no-audit', '--no-fund', '--no-package-lock', `@openai/codex@${CODEX_VERSION}`],
      { cwd: work, timeout: INSTALL_TIMEOUT_MS },
    );
    // Last and at once: an installation that was interrupted is none.
    await rm(directory, { recursive: true, force: true });
    await rename(work, directory);
  } catch (error) {
    await rm(work, { recursive: true, force: true });
    process.stderr.write(`${explain(error)}\n`);
    return 1;
  }
  const installed = await locateCodex({
    setting: undefined,
    cacheDirectory: cache,
    searchPath: undefined,
  });
  if (!installed.found) {
    process.stderr.write(`npm brought a Codex that does not start: ${installed.reason}\n`);
    return 1;
  }
  process.stdout.write(`Codex ${installed.found.version}: ${installed.found.path}\n`);
  return 0;
}

/** What npm says last is what it died of; without a network that is a host name nobody reaches. */
function explain(error: unknown): string {
  const stderr =
    typeof error === 'object' && error !== null && 'stderr' in error ? error.stderr : '';
  const lines = String(stderr || error)
    .split('\n')
    .filter(Boolean);
  const offline = lines.some((line) => /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT/.test(line));
  const why = offline ? 'the npm registry cannot be reached' : lines.slice(-2).join(' ');
  return `Codex was not installed: ${why}. Anything else works without it; with a Codex ${CODEX_VERSION} elsewhere, set OA_CODEX to its path.`;
}
