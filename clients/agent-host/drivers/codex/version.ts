/** The Codex that this driver was written and tested against. Raising it is one change here and a run of the tests. */
export const CODEX_VERSION = '0.171.0';

export const CODEX_INSTALL_COMMAND = 'npm run codex:install';

export type VersionCheck =
  | { kind: 'pinned' }
  /** Another patch of the same minor version: taken, and said. */
  | { kind: 'tolerated'; warning: string }
  | { kind: 'refused'; reason: string };

const VERSION_LINE = /^codex-cli (\d+)\.(\d+)\.(\d+)(\S*)\s*$/m;

/** The version in what `codex --version` prints; undefined where it prints something else. */
export function versionIn(output: string): string | undefined {
  const found = VERSION_LINE.exec(output);
  return found ? `${found[1]}.${found[2]}.${found[3]}${found[4]}` : undefined;
}

/** The protocol of the app server is experimental and changes between minor versions: only patches are tolerated. */
export function checkVersion(version: string | undefined, path: string): VersionCheck {
  if (version === CODEX_VERSION) return { kind: 'pinned' };
  if (version !== undefined && minorOf(version) === minorOf(CODEX_VERSION)) {
    return {
      kind: 'tolerated',
      warning: `${path} is Codex ${version}; this driver is tested with ${CODEX_VERSION}`,
    };
  }
  return {
    kind: 'refused',
    reason: `${path} is Codex ${version ?? 'of an unknown version'}, and this driver speaks to ${CODEX_VERSION}: ${CODEX_INSTALL_COMMAND}`,
  };
}

function minorOf(version: string): string {
  return version.split('.', 2).join('.');
}
