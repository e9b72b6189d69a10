/**
 * What judges a patch, and so is taken from the base commit whatever the patch says (ADR 0003).
 *
 * The list is cautious: restoring a file that was no judge costs an approval, trusting one that was costs the verdict.
 * A run that names its own `protected_paths` replaces it.
 */
export const DEFAULT_PROTECTED_PATHS: readonly string[] = [
  // tests and what they read
  '**/test/**',
  '**/tests/**',
  '**/__tests__/**',
  '**/__snapshots__/**',
  '**/e2e/**',
  '**/spec/**',
  '**/testdata/**',
  '**/test.*',
  '**/tests.py',
  '**/test_*.py',
  '**/*_test.*',
  '**/*.test.*',
  '**/*.spec.*',
  '**/*_spec.rb',
  '**/*Test.java',
  '**/*Test.kt',
  '**/*Test.php',
  '**/*Tests.cs',
  // how they are run
  '**/conftest.py',
  '**/pytest.ini',
  '**/.pytest.ini',
  '**/tox.ini',
  '**/noxfile.py',
  '**/setup.cfg',
  '**/pyproject.toml',
  '**/.coveragerc',
  '**/jest.config.*',
  '**/vitest.config.*',
  '**/vitest.workspace.*',
  '**/ava.config.*',
  '**/karma.conf.*',
  '**/playwright.config.*',
  '**/cypress.config.*',
  '**/.mocharc*',
  '**/.nycrc*',
  '**/.c8rc*',
  '**/.taprc',
  '**/.rspec',
  '**/phpunit.xml*',
  '**/Makefile',
  '**/makefile',
  '**/GNUmakefile',
  '**/justfile',
  '**/Taskfile.y*ml',
  // what a runner loads before the first test
  '**/.npmrc',
  '**/.yarnrc*',
  '**/.pnpmfile.cjs',
  '**/.cargo/**',
  '**/sitecustomize.py',
  '**/usercustomize.py',
  '**/*.pth',
  'unittest.py',
  'unittest/**',
  'pytest.py',
  'pytest/**',
  // continuous integration
  '.ci/**',
  '.github/**',
  '.gitlab/**',
  '.gitlab-ci.yml',
  '.circleci/**',
  '.buildkite/**',
  '.woodpecker*',
  '.travis.yml',
  '.drone.yml',
  'azure-pipelines.yml',
  'bitbucket-pipelines.yml',
  'appveyor.yml',
  'Jenkinsfile',
];

/** Manifests that mix the judge with the judged: their dependencies are the patch's, these keys are the base's. */
export const MANIFEST_GLOB = '**/package.json';
const JUDGING_MANIFEST_KEYS = ['scripts', 'ava', 'c8', 'jest', 'mocha', 'nyc', 'tap', 'vitest'];

/** As `git` arguments; a name without wildcards covers the directory of that name. */
export function pathspecs(globs: readonly string[]): string[] {
  return globs.map((glob) => `:(glob)${glob}`);
}

export interface ManifestRestoration {
  readonly text: string;
  /** The keys that were put back, as `package.json#scripts`. */
  readonly keys: readonly string[];
}

/** Null where the patch left every judging key as it was; a manifest that does not parse is put back whole. */
export function restoreManifest(
  path: string,
  base: string,
  patched: string,
): ManifestRestoration | null {
  const before = parseObject(base);
  const after = parseObject(patched);
  if (!before || !after) return { text: base, keys: [path] };
  const changed = JUDGING_MANIFEST_KEYS.filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  );
  if (changed.length === 0) return null;
  const restored = { ...after };
  for (const key of changed) {
    if (key in before) restored[key] = before[key];
    else delete restored[key];
  }
  return {
    text: `${JSON.stringify(restored, null, 2)}\n`,
    keys: changed.map((key) => `${path}#${key}`),
  };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
