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

/** Where a file needs no mount of its own. */
const VISIBLE_DIRECTORIES = [...SYSTEM_DIRECTORIES, '/etc/ssl/certs'];

type HostEnvironment = Readonly<Record<string, string | undefined>>;

const SYSTEM_PATH = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];

/** Tools that would otherwise go looking for the network, or wait for it, each time they start. */
const OFFLINE_MANNERS = {
  GOTOOLCHAIN: 'local',
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  npm_config_update_notifier: 'false',
} as const;

/** Variables that name a file of certificates to trust: public data, and the only way out behind an inspecting proxy. */
const TRUST_VARIABLES = [
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'PIP_CERT',
] as const;

/** From the verifier's environment: its PATH, its trust, and its home, which is never exposed as a whole. */
export function resolveToolchain(host: HostEnvironment): Toolchain {
  const { PATH: hostPath = '', HOME: home = '/' } = host;
  const found: Toolchain[] = [resolveTrust(host)];
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

function resolveTrust(host: HostEnvironment): Toolchain {
  const files = TRUST_VARIABLES.flatMap((name) => {
    const file = host[name];
    return file && isAbsolute(file) && existsSync(file) && statSync(file).isFile()
      ? [{ name, file }]
      : [];
  });
  return {
    path: [],
    mounts: unique(
      files.map(({ file }) => file).filter((file) => !isBelow(file, VISIBLE_DIRECTORIES)),
    ),
    env: Object.fromEntries(files.map(({ name, file }) => [name, file])),
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
