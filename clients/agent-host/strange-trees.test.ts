import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { createGit } from './git.ts';
import { beginTurn, writePatch } from './patch.ts';
import { repository, run, scratch, write } from './testing/repository.ts';
import { openWorkspace } from './workspace.ts';

/** Real clones, on a machine that may be busy. */
vi.setConfig({ testTimeout: 60_000 });

const git = createGit(process.env);
const AT_HEAD = { ref: '', base_commit: '' };
const NOBODY = 65_534;

async function openedOn(home: string, source: string) {
  const deps = { git, root: join(home, 'src'), runsDirectory: join(home, 'data', 'runs') };
  const workspace = await openWorkspace(deps, 'run_1', { source, ...AT_HEAD });
  await beginTurn(git, workspace, 1);
  return workspace;
}

/** The source at its base, with the patch on it. */
function applied(home: string, source: string, patch: string): string {
  const clone = join(home, 'applied');
  run(home, ['clone', '--quiet', source, clone]);
  run(clone, ['apply', '--index', '--binary', patch]);
  return clone;
}

test('links that lead out of the tree are taken as links, and what they name is never read', async () => {
  using home = scratch();
  write(join(home.path, 'secret', 'key'), 'SECRET CONTENT\n');
  const source = repository(join(home.path, 'src', 'app'), {
    'dir/a.txt': 'one\n',
    'b.txt': 'x\n',
  });
  symlinkSync(join(home.path, 'secret'), join(source, 'out'));
  run(source, ['add', '-A']);
  run(source, ['commit', '--quiet', '-m', 'a link out']);
  const workspace = await openedOn(home.path, source);
  const tree = workspace.workTree;
  rmSync(join(tree, 'dir'), { recursive: true });
  symlinkSync(join(home.path, 'secret'), join(tree, 'dir'));
  rmSync(join(tree, 'b.txt'));
  symlinkSync(join(home.path, 'secret', 'key'), join(tree, 'b.txt'));
  const patch = await writePatch(git, workspace);
  expect(patch.filesChanged.toSorted()).toEqual(['b.txt', 'dir', 'dir/a.txt']);
  expect(readFileSync(patch.file?.path ?? '', 'utf8')).not.toContain('SECRET CONTENT');
});

test('names with line ends, quotes, leading dashes and bytes that are no UTF-8 come through a patch', async () => {
  using home = scratch();
  const source = repository(join(home.path, 'src', 'app'), { 'a.txt': 'one\n' });
  const names = [
    'new\nline',
    '"quoted"',
    '-rf',
    '--output=x',
    ' blank ',
    'back\\slash',
    '\t',
    '*',
    ':(top)',
  ];
  const bytes = Buffer.from([0x6c, 0xe9, 0xff]);
  for (const name of names) write(join(source, name), 'base\n');
  run(source, ['add', '-A']);
  run(source, ['commit', '--quiet', '-m', 'names']);
  const workspace = await openedOn(home.path, source);
  for (const name of names) write(join(workspace.workTree, name), 'changed\n');
  writeFileSync(Buffer.concat([Buffer.from(`${workspace.workTree}/`), bytes]), 'raw\n');
  const patch = await writePatch(git, workspace);
  expect(patch.filesChanged).toHaveLength(names.length + 1);
  const clone = applied(home.path, source, patch.file?.path ?? '');
  for (const name of names) expect(readFileSync(join(clone, name), 'utf8')).toBe('changed\n');
  expect(readFileSync(Buffer.concat([Buffer.from(`${clone}/`), bytes]), 'utf8')).toBe('raw\n');
});

test('names that differ in case alone stay apart', async () => {
  using home = scratch();
  const source = repository(join(home.path, 'src', 'app'), { 'Read.me': 'A\n', 'read.me': 'b\n' });
  const workspace = await openedOn(home.path, source);
  write(join(workspace.workTree, 'READ.ME'), 'C\n');
  write(join(workspace.workTree, 'read.me'), 'changed\n');
  const patch = await writePatch(git, workspace);
  expect(patch.filesChanged.toSorted()).toEqual(['READ.ME', 'read.me']);
});

test('pointers of large files stay pointers: nothing is downloaded, nothing smudged', async () => {
  using home = scratch();
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 1000000\n`;
  const source = repository(join(home.path, 'src', 'app'), {
    '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n',
    'model.bin': pointer,
    'a.txt': 'one\n',
  });
  run(source, ['config', 'filter.lfs.smudge', `touch ${join(home.path, 'sprung')}; cat`]);
  run(source, ['config', 'filter.lfs.process', `touch ${join(home.path, 'sprung')}`]);
  const workspace = await openedOn(home.path, source);
  expect(readFileSync(join(workspace.workTree, 'model.bin'), 'utf8')).toBe(pointer);
  write(join(workspace.workTree, 'a.txt'), 'two\n');
  expect((await writePatch(git, workspace)).filesChanged).toEqual(['a.txt']);
  expect(existsSync(join(home.path, 'sprung'))).toBe(false);
});

test('pipes, sockets and devices are no part of a patch, also where they took the place of a file', async () => {
  using home = scratch();
  const source = repository(join(home.path, 'src', 'app'), { 'a.txt': 'one\n', 'b.txt': 'x\n' });
  const workspace = await openedOn(home.path, source);
  rmSync(join(workspace.workTree, 'b.txt'));
  execFileSync('mkfifo', ['pipe', 'b.txt'], { cwd: workspace.workTree });
  write(join(workspace.workTree, 'a.txt'), 'two\n');
  const patch = await writePatch(git, workspace);
  expect(patch.filesChanged.toSorted()).toEqual(['a.txt', 'b.txt']);
  expect(patch.leftOut).toEqual(['"b.txt" is no file, link or directory']);
});

test('a work tree whose .git is gone is compared all the same', async () => {
  using home = scratch();
  const source = repository(join(home.path, 'src', 'app'), { 'a.txt': 'one\n' });
  const workspace = await openedOn(home.path, source);
  rmSync(join(workspace.workTree, '.git'), { recursive: true });
  write(join(workspace.workTree, 'a.txt'), 'two\n');
  expect((await writePatch(git, workspace)).filesChanged).toEqual(['a.txt']);
});

test('a work tree that is gone is an error that says so', async () => {
  using home = scratch();
  const source = repository(join(home.path, 'src', 'app'), { 'a.txt': 'one\n' });
  const workspace = await openedOn(home.path, source);
  rmSync(workspace.workTree, { recursive: true });
  await expect(writePatch(git, workspace)).rejects.toMatchObject({ code: 'work_tree_gone' });
});

test('a file of a terabyte is refused at once, by what it would take', async () => {
  using home = scratch();
  const source = repository(join(home.path, 'src', 'app'), { 'a.txt': 'one\n' });
  const workspace = await openedOn(home.path, source);
  const file = openSync(join(workspace.workTree, 'huge'), 'w');
  ftruncateSync(file, 2 ** 40);
  closeSync(file);
  const startedAt = performance.now();
  await expect(writePatch(git, workspace)).rejects.toMatchObject({ code: 'patch_too_large' });
  expect(performance.now() - startedAt).toBeLessThan(30_000);
});

test('a repository that the agent made inside the tree is named as left out', async () => {
  using home = scratch();
  const source = repository(join(home.path, 'src', 'app'), { 'a.txt': 'one\n' });
  const workspace = await openedOn(home.path, source);
  repository(join(workspace.workTree, 'vendor'), { 'v.txt': 'v\n' });
  mkdirSync(join(workspace.workTree, 'empty'));
  write(join(workspace.workTree, 'a.txt'), 'two\n');
  const patch = await writePatch(git, workspace);
  expect(patch.filesChanged).toEqual(['a.txt']);
  expect(patch.leftOut).toEqual(['"vendor/" is a git repository of its own']);
  applied(home.path, source, patch.file?.path ?? '');
});

test('what the agent closed to everybody is opened and taken, and can be removed with the run', async () => {
  const program = join(import.meta.dirname, 'testing', 'unreadable-tree.ts');
  // Root reads whatever its mode says, so that there is nothing to see as root.
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const report = execFileSync(process.execPath, [program], {
    ...user,
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' },
    encoding: 'utf8',
  });
  expect(JSON.parse(report)).toEqual({
    filesChanged: ['b.txt', 'closed/new.txt', 'dir/a.txt'],
    deletes: false,
    removed: ['run_1'],
  });
});
