import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

/** A directory of its own for one test, removed at its end. */
export function scratch(): Disposable & { path: string } {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'oa-host-')));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** A real repository with one commit of `files`. */
export function repository(directory: string, files: Record<string, string>): string {
  mkdirSync(directory, { recursive: true });
  run(directory, ['init', '--quiet', '--initial-branch=main']);
  for (const [name, content] of Object.entries(files)) write(join(directory, name), content);
  commit(directory, 'first');
  return directory;
}

export function commit(directory: string, message: string): string {
  run(directory, ['add', '-A']);
  run(directory, ['commit', '--quiet', '-m', message]);
  return run(directory, ['rev-parse', 'HEAD']);
}

export function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** An executable script. */
export function script(path: string, body: string): string {
  write(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

export function run(cwd: string, args: string[]): string {
  return execFileSync('git', args, {
    cwd,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'] ?? '',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'T',
      GIT_AUTHOR_EMAIL: 't@example.invalid',
      GIT_COMMITTER_NAME: 'T',
      GIT_COMMITTER_EMAIL: 't@example.invalid',
    },
  }).trim();
}

/** Every file below a directory with the hash of its bytes: two equal ones mean that nothing was touched. */
export function fingerprint(directory: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files[relative(directory, path)] = createHash('sha256')
      .update(readFileSync(path))
      .digest('hex');
  }
  return files;
}
