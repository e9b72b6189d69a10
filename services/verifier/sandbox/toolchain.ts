/** Which programs of the host a harness may use: read-only, by their directories, never a home or its credentials. */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';

export interface Toolchain {
  /** The harness's PATH, in the host's order. */
  readonly path: readonly string[];
  /** Directories outside the system ones, mounted read-only where they are on the host. */
  readonly mounts: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Present in every sandbox. */
export const SYSTEM_DIRECTORIES = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64'] as const;

const SYSTEM_PATH = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];

/** Tools that would otherwise go looking for the network, or wait for it, each time they start. */
const OFFLINE_MANNERS = {
  GOTOOLCHAIN: 'local',
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  npm_config_update_notifier: 'false',
} as const;

/** @param hostPath PATH of the verifier  @param home the verifier's home, which is never exposed as a whole */
export function resolveToolchain(hostPath: string, home: string): Toolchain {
  const found: Toolchain[] = [];
  for (const entry of hostPath.split(':')) {
    const directory = realDirectory(entry);
    if (directory) found.push(resolveEntry(entry, directory, home));
  }
  return {
    path: unique([...found.flatMap(({ path }) => path), ...SYSTEM_PATH]),
    mounts: unique(found.flatMap(({ mounts }) => mounts)),
    env: Object.assign({ ...OFFLINE_MANNERS }, ...found.map(({ env }) => env)),
  };
}

const NOTHING: Toolchain = { path: [], mounts: [], env: {} };

function resolveEntry(entry: string, directory: string, home: string): Toolchain {
  // Programs of our own repository, put on PATH by npm; the harness has those of its own.
  if (directory.endsWith('node_modules/.bin') || basename(directory) === 'node-gyp-bin')
    return NOTHING;
  if (isBelow(directory, SYSTEM_DIRECTORIES)) return { ...NOTHING, path: [directory] };
  if (existsSync(join(dirname(directory), 'libexec', 'pyenv'))) return resolvePyenv(directory);
  if (directory.endsWith('.cargo/bin')) return resolveCargo(directory);
  const prefix = dirname(directory);
  const wholePrefix =
    basename(directory) === 'bin' && existsSync(join(prefix, 'lib')) && !holdsHome(prefix, home);
  if (wholePrefix) return { ...NOTHING, path: [directory], mounts: [prefix] };
  if (holdsHome(directory, home)) return NOTHING;
  return { ...NOTHING, path: unique([directory, entry]), mounts: [directory] };
}

/** A shim runs all of pyenv; the chosen versions themselves are what it would find. */
function resolvePyenv(directory: string): Toolchain {
  if (basename(directory) !== 'shims') return NOTHING;
  const root = dirname(directory);
  const chosen = join(root, 'version');
  const versions = existsSync(chosen) ? readFileSync(chosen, 'utf8').split('\n') : [];
  const prefixes = versions
    .map((version) => join(root, 'versions', version.trim()))
    .filter((prefix) => existsSync(join(prefix, 'bin')));
  return { ...NOTHING, path: prefixes.map((prefix) => join(prefix, 'bin')), mounts: prefixes };
}

/** Beside `bin`, `.cargo` holds registry credentials; the compilers behind the proxies are rustup's. */
function resolveCargo(directory: string): Toolchain {
  const rustup = join(dirname(dirname(directory)), '.rustup');
  if (!existsSync(rustup)) return { ...NOTHING, path: [directory], mounts: [directory] };
  return { path: [directory], mounts: [directory, rustup], env: { RUSTUP_HOME: rustup } };
}

/** True for the home itself, for what contains it, and for the shared places inside it. */
function holdsHome(directory: string, home: string): boolean {
  return (
    home === directory ||
    home.startsWith(`${directory}/`) ||
    directory === '/' ||
    directory === join(home, '.local')
  );
}

function isBelow(directory: string, roots: readonly string[]): boolean {
  return roots.some((root) => directory === root || directory.startsWith(`${root}/`));
}

function realDirectory(entry: string): string | null {
  if (!isAbsolute(entry) || !existsSync(entry)) return null;
  const directory = realpathSync(entry);
  return statSync(directory).isDirectory() ? directory : null;
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}
