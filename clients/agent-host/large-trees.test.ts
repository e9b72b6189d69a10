import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { createGit } from './git.ts';
import { beginTurn, PATCH_BYTES_MAX, writeBundle, writePatch } from './patch.ts';
import { repository, run, scratch, write } from './testing/repository.ts';
import { openWorkspace } from './workspace.ts';
import { describeBase } from './workspace-notes.ts';

vi.setConfig({ testTimeout: 600_000 });

const git = createGit(process.env);
const AT_HEAD = { ref: '', base_commit: '' };
const MIB = 1024 * 1024;

/** Enough for every bound to be met; with `OA_LONG=1` as many as a large monorepo has. */
const FILES = process.env['OA_LONG'] === '1' ? 200_000 : 20_000;

/** A commit of many files, written by git itself; nothing is checked out. */
async function largeRepository(directory: string, files: number): Promise<string> {
  mkdirSync(directory, { recursive: true });
  run(directory, ['init', '--quiet', '--initial-branch=main']);
  const child = spawn('git', ['fast-import', '--quiet'], {
    cwd: directory,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  const text = (mark: number) => `file ${mark}\n`;
  const send = async (lines: string) => {
    if (!child.stdin.write(lines)) await once(child.stdin, 'drain');
  };
  for (let mark = 1; mark <= files; mark += 1) {
    await send(`blob\nmark :${mark}\ndata ${text(mark).length}\n${text(mark)}\n`);
  }
  await send('commit refs/heads/main\ncommitter T <t@example.invalid> 0 +0000\ndata 5\nfirst\n');
  for (let mark = 1; mark <= files; mark += 1) {
    await send(`M 100644 :${mark} d${mark % 500}/e${mark % 7}/file-${mark}.txt\n`);
  }
  child.stdin.end('\n');
  await ended;
  run(directory, ['reset', '--quiet', '--hard']);
  return directory;
}

function openOn(home: string, source: string) {
  const deps = { git, root: join(home, 'src'), runsDirectory: join(home, 'data', 'runs') };
  return openWorkspace(deps, 'run_1', { source, ...AT_HEAD });
}

async function timed<T>(name: string, act: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const result = await act();
  process.stderr.write(`  ${name}: ${Math.round(performance.now() - startedAt)} ms\n`);
  return result;
}

test(`a repository of ${FILES} files is worked on in memory that does not grow with it`, async () => {
  using home = scratch();
  const source = await largeRepository(join(home.path, 'src', 'app'), FILES);
  const before = process.memoryUsage.rss();
  const workspace = await timed('open', () => openOn(home.path, source));
  expect(await describeBase(git, workspace)).toEqual([]);
  await timed('begin the turn', () => beginTurn(git, workspace, 1));
  for (let mark = 1; mark <= 100; mark += 1) {
    write(join(workspace.workTree, `d${mark}/e${mark % 7}/file-${mark}.txt`), 'changed\n');
  }
  const patch = await timed('write the patch', () => writePatch(git, workspace));
  await timed('begin the next turn', () => beginTurn(git, workspace, 2));
  await timed('bundle', () => writeBundle(git, workspace));
  expect(patch.filesChanged).toHaveLength(100);
  const grown = process.memoryUsage.rss() - before;
  process.stderr.write(`  resident memory grew by ${Math.round(grown / MIB)} MiB\n`);
  expect(grown).toBeLessThan(200 * MIB);
});

/** Bytes that no compression makes fewer, from a seed. */
function noise(bytes: number, seed: number): Buffer {
  const words = new Uint32Array(bytes / 4);
  let state = seed;
  for (let index = 0; index < words.length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    words[index] = state ^ (state >>> 13);
  }
  return Buffer.from(words.buffer);
}

test('a patch of 50 MB of text and binary files is taken whole and applies', async () => {
  using home = scratch();
  const source = repository(join(home.path, 'src', 'app'), { 'a.txt': 'one\n' });
  const workspace = await openOn(home.path, source);
  await beginTurn(git, workspace, 1);
  const binary = noise(20 * MIB, 7);
  const text = Array.from(
    { length: 400_000 },
    (_, line) => `line ${line} of a long text, and of no other\n`,
  ).join('');
  writeFileSync(join(workspace.workTree, 'noise.bin'), binary);
  writeFileSync(join(workspace.workTree, 'long.txt'), text);
  const before = process.memoryUsage.rss();
  const { file } = await writePatch(git, workspace);
  expect(process.memoryUsage.rss() - before).toBeLessThan(100 * MIB);
  expect(file?.bytes).toBeGreaterThan(40 * MIB);
  const clone = join(home.path, 'clone');
  run(home.path, ['clone', '--quiet', source, clone]);
  run(clone, ['apply', '--index', file?.path ?? '']);
  expect(readFileSync(join(clone, 'noise.bin')).equals(binary)).toBe(true);
  expect(readFileSync(join(clone, 'long.txt'), 'utf8')).toBe(text);
});

test('a patch beyond the limit is refused, and its file is gone', async () => {
  using home = scratch();
  const source = repository(join(home.path, 'src', 'app'), { 'a.txt': 'one\n' });
  const workspace = await openOn(home.path, source);
  await beginTurn(git, workspace, 1);
  writeFileSync(join(workspace.workTree, 'noise.bin'), noise(PATCH_BYTES_MAX, 11));
  await expect(writePatch(git, workspace)).rejects.toMatchObject({
    code: 'patch_too_large',
    message: expect.stringContaining(`more than the ${PATCH_BYTES_MAX} that are taken`),
  });
  expect(() => readFileSync(join(workspace.directory, 'patch.diff'))).toThrow('ENOENT');
});
