import { execFile } from 'node:child_process';
import { access, constants, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { CODEX_INSTALL_COMMAND, CODEX_VERSION, checkVersion, versionIn } from './version.ts';

const run = promisify(execFile);

export interface CodexBinary {
  path: string;
  version: string;
  /** Where it was found, for the screen. */
  origin: 'setting' | 'cache' | 'PATH';
  /** Said once, where it is not the version that was tested. */
  warning: string | undefined;
}

export type CodexSearch = { found: CodexBinary } | { found: undefined; reason: string };

export interface CodexPlaces {
  /** Named by a flag or OA_CODEX; nothing else is looked at then. */
  setting: string | undefined;
  cacheDirectory: string;
  searchPath: string | undefined;
}

/** The directory that `npm run codex:install` fills. */
export function codexInstallDirectory(cacheDirectory: string): string {
  return join(cacheDirectory, `codex-${CODEX_VERSION}`);
}

/** A cold start of 400 MB from a slow disk. */
const VERSION_TIMEOUT_MS = 20_000;

/** Looks where a person said, then in the project's cache, then on the PATH. The first that is there decides. */
export async function locateCodex(places: CodexPlaces): Promise<CodexSearch> {
  const candidate = await firstThere(places);
  if (!candidate) {
    const reason = places.setting
      ? `${places.setting} is no program`
      : `Codex is not installed: ${CODEX_INSTALL_COMMAND}`;
    return { found: undefined, reason };
  }
  const version = await versionOf(candidate.path);
  const check = checkVersion(version, candidate.path);
  if (check.kind === 'refused' || version === undefined) {
    return { found: undefined, reason: check.kind === 'refused' ? check.reason : 'no version' };
  }
  const warning = check.kind === 'tolerated' ? check.warning : undefined;
  return { found: { ...candidate, version, warning } };
}

async function firstThere(
  places: CodexPlaces,
): Promise<Pick<CodexBinary, 'path' | 'origin'> | undefined> {
  if (places.setting) {
    return (await isProgram(places.setting))
      ? { path: await realpath(places.setting), origin: 'setting' }
      : undefined;
  }
  const cached = nativeBinary(codexInstallDirectory(places.cacheDirectory));
  if (cached && (await isProgram(cached))) return { path: cached, origin: 'cache' };
  for (const directory of (places.searchPath ?? '').split(delimiter)) {
    const path = join(directory, 'codex');
    if (directory && (await isProgram(path))) {
      return { path: await realpath(path), origin: 'PATH' };
    }
  }
  return undefined;
}

const TARGETS: Readonly<Record<string, string>> = {
  'linux-x64': 'x86_64-unknown-linux-musl',
  'linux-arm64': 'aarch64-unknown-linux-musl',
  'darwin-x64': 'x86_64-apple-darwin',
  'darwin-arm64': 'aarch64-apple-darwin',
};

/** The program itself in an npm installation: its launcher in JavaScript would be one more process to mind. */
export function nativeBinary(installDirectory: string): string | undefined {
  const platform = `${process.platform}-${process.arch}`;
  const target = TARGETS[platform];
  if (!target) return undefined;
  try {
    const require = createRequire(join(installDirectory, 'package.json'));
    const manifest = require.resolve(`@openai/codex-${platform}/package.json`);
    return join(dirname(manifest), 'vendor', target, 'bin', 'codex');
  } catch {
    return undefined;
  }
}

async function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: VERSION_TIMEOUT_MS });
    return versionIn(stdout);
  } catch {
    // It does not even start: as good as another program of that name.
    return undefined;
  }
}
