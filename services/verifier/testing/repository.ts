/** Repositories and patches made for a test, with git as anybody runs it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type Files = Readonly<Record<string, string>>;

export interface Repository {
  readonly directory: string;
  readonly bundle: Uint8Array;
  readonly baseCommit: string;
  readonly baseTree: string;
  /** The patch that turns the base into the base with these files; `null` deletes one. */
  patch(changes: Readonly<Record<string, string | null>>): Uint8Array;
}

export function makeRepository(directory: string, files: Files): Repository {
  const root = mkdtempSync(join(directory, 'repository-'));
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.org', ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  git('init', '-q', '-b', 'main');
  write(root, files);
  git('add', '-A');
  git('commit', '-q', '-m', 'base');
  const bundle = join(root, '.git', 'base.bundle');
  git('bundle', 'create', '-q', bundle, 'HEAD');
  return {
    directory: root,
    bundle: readFileSync(bundle),
    baseCommit: git('rev-parse', 'HEAD').toString().trim(),
    baseTree: git('rev-parse', 'HEAD^{tree}').toString().trim(),
    patch(changes) {
      git('checkout', '-q', '-f', 'HEAD');
      for (const [path, content] of Object.entries(changes)) {
        if (content === null) rmSync(join(root, path));
        else write(root, { [path]: content });
      }
      git('add', '-A');
      const patch = git('diff', '--cached', '--binary', 'HEAD');
      git('reset', '-q', '--hard');
      return patch;
    },
  };
}

function write(root: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}
