import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { createGit } from './git.ts';
import { beginTurn, writeBundle, writePatch } from './patch.ts';
import {
  commit,
  fingerprint,
  repository,
  run,
  scratch,
  script,
  write,
} from './testing/repository.ts';
import { keepWorkspace, openWorkspace, WorkspaceError } from './workspace.ts';

/** Real clones, on a machine that may be busy. */
vi.setConfig({ testTimeout: 30_000 });

const git = createGit(process.env);

function place(root: string) {
  const runsDirectory = join(root, 'data', 'runs');
  return { git, root: join(root, 'src'), runsDirectory };
}

const AT_HEAD = { ref: '', base_commit: '' };

test('the checkout of the user stays as it is, byte for byte, index, refs and work trees included', async () => {
  using home = scratch();
  const source = repository(join(home.path, 'src', 'app'), { 'a.txt': 'one\n' });
  write(join(source, 'a.txt'), 'not committed\n');
  write(join(source, 'new.txt'), 'untracked\n');
  const before = fingerprint(source);

  const workspace = await openWorkspace(place(home.path), 'run_1', { source, ...AT_HEAD });
  await beginTurn(git, workspace, 1);
  write(join(workspace.workTree, 'a.txt'), 'two\n');
  await writePatch(git, workspace);
  await writeBundle(git, workspace);

  expect(fingerprint(source)).toEqual(before);
  expect(run(source, ['worktree', 'list']).split('\n')).toHaveLength(1);
});

test('work begins at the committed commit and not at what lies in the checkout', async () => {
  using home = scratch();
  const source = repository(join(home.path, 'src', 'app'), { 'a.txt': 'one\n' });
  write(join(source, 'a.txt'), 'not committed\n');
  const workspace = await openWorkspace(place(home.path), 'run_1', { source, ...AT_HEAD });
  expect(readFileSync(join(workspace.workTree, 'a.txt'), 'utf8')).toBe('one\n');
  expect(workspace.baseTree).toBe(run(source, ['rev-parse', 'HEAD^{tree}']));
});

test('a patch carries changed, new, deleted, binary, executable and oddly named files, and applies', async () => {
  using home = scratch();
  const source = repository(join(home.path, 'src', 'app'), {
    'a.txt': 'one\n',
    'gone.txt': 'x\n',
    '.gitignore': 'ignored\n',
  });
  const workspace = await openWorkspace(place(home.path), 'run_1', { source, ...AT_HEAD });
  const tree = workspace.workTree;
  write(join(tree, 'a.txt'), 'two\r\n');
  rmSync(join(tree, 'gone.txt'));
  write(join(tree, 'sub', 'näme "x"\t.bin'), Uint8Array.from([0, 255, 1, 254]));
  script(join(tree, 'tool.sh'), 'true');
  write(join(tree, 'ignored'), 'not part of it');
  const { file = fail(), filesChanged } = await writePatch(git, workspace);

  expect(filesChanged.toSorted()).toEqual(['a.txt', 'gone.txt', 'sub/näme "x"\t.bin', 'tool.sh']);
  const clone = join(home.path, 'clone');
  run(home.path, ['clone', '--quiet', source, clone]);
  run(clone, ['apply', '--index', file.path]);
  expect(readFileSync(join(clone, 'sub', 'näme "x"\t.bin'))).toEqual(Buffer.from([0, 255, 1, 254]));
  expect(readFileSync(join(clone, 'a.txt'), 'utf8')).toBe('two\r\n');
  expect(run(clone, ['ls-files', '--stage', 'tool.sh'])).toMatch(/^100755/);
  expect(existsSync(join(clone, 'ignored'))).toBe(false);
});

test('what the agent commits in its clone is part of the patch all the same', async () => {
  using home = scratch();
  const source = repository(join(home.path, 'src', 'app'), { 'a.txt': 'one\n' });
  const workspace = await openWorkspace(place(home.path), 'run_1', { source, ...AT_HEAD });
  write(join(workspace.workTree, 'a.txt'), 'two\n');
  commit(workspace.workTree, 'by the agent');
  expect((await writePatch(git, workspace)).filesChanged).toEqual(['a.txt']);
});

test('nothing that the agent wrote into its .git runs when the patch is taken', async () => {
  using home = scratch();
  const source = repository(join(home.path, 'src', 'app'), { 'a.txt': 'one\n' });
  const workspace = await openWorkspace(place(home.path), 'run_1', { source, ...AT_HEAD });
  const trap = script(join(workspace.workTree, 'trap.sh'), `touch ${join(home.path, 'sprung')}`);
  run(workspace.workTree, ['config', 'core.fsmonitor', trap]);
  run(workspace.workTree, ['config', 'filter.evil.clean', trap]);
  run(workspace.workTree, ['config', 'diff.external', trap]);
  write(join(workspace.workTree, '.gitattributes'), '* filter=evil\n');
  rmSync(join(home.path, 'sprung'), { force: true });
  await writePatch(git, workspace);
  expect(existsSync(join(home.path, 'sprung'))).toBe(false);
});

test('nor does what it wrote into the .git of a submodule', async () => {
  using home = scratch();
  const source = repository(join(home.path, 'src', 'app'), { 'a.txt': 'one\n' });
  const inner = repository(join(source, 'inner'), {
    'b.txt': 'x\n',
    '.gitattributes': '* filter=evil\n',
  });
  run(source, ['-c', 'advice.addEmbeddedRepo=false', 'add', 'inner']);
  run(source, ['commit', '--quiet', '-m', 'with a submodule']);
  const workspace = await openWorkspace(place(home.path), 'run_1', { source, ...AT_HEAD });
  const submodule = join(workspace.workTree, 'inner');
  run(workspace.workTree, ['clone', '--quiet', inner, 'inner']);
  run(submodule, ['config', 'filter.evil.clean', `touch ${join(home.path, 'sprung')}; cat`]);
  write(join(submodule, 'b.txt'), 'y\n');
  write(join(workspace.workTree, 'a.txt'), 'two\n');
  await beginTurn(git, workspace, 1);
  const patch = await writePatch(git, workspace);
  expect(existsSync(join(home.path, 'sprung'))).toBe(false);
  expect(patch.filesChanged).toEqual(['a.txt']);
});

test('a bundle brings the base commit and its tree to a place that has nothing else', async () => {
  using home = scratch();
  const source = repository(join(home.path, 'src', 'app'), { 'a.txt': 'one\n' });
  write(join(source, 'b.txt'), 'two\n');
  const head = commit(source, 'second');
  const workspace = await openWorkspace(place(home.path), 'run_1', { source, ...AT_HEAD });
  const bundle = await writeBundle(git, workspace);
  const elsewhere = join(home.path, 'elsewhere');
  mkdirSync(elsewhere);
  run(elsewhere, ['init', '--quiet']);
  execFileSync('git', ['bundle', 'unbundle', bundle.path], { cwd: elsewhere });
  run(elsewhere, ['checkout', '--quiet', '--detach', head]);
  expect(run(elsewhere, ['rev-parse', `${head}^{tree}`])).toBe(workspace.baseTree);
  expect(readFileSync(join(elsewhere, 'b.txt'), 'utf8')).toBe('two\n');
});

test('a shallow checkout can be worked on and bundled', async () => {
  using home = scratch();
  const origin = repository(join(home.path, 'origin'), { 'a.txt': 'one\n' });
  write(join(origin, 'a.txt'), 'two\n');
  commit(origin, 'second');
  const source = join(home.path, 'src', 'app');
  mkdirSync(join(home.path, 'src'));
  run(home.path, ['clone', '--quiet', '--depth=1', `file://${origin}`, source]);
  const workspace = await openWorkspace(place(home.path), 'run_1', { source, ...AT_HEAD });
  expect((await writeBundle(git, workspace)).bytes).toBeGreaterThan(0);
});

test('a later turn finds the work of the one before, and a repeated turn finds it without its own half', async () => {
  using home = scratch();
  const source = repository(join(home.path, 'src', 'app'), { 'a.txt': 'one\n' });
  const open = () => openWorkspace(place(home.path), 'run_1', { source, ...AT_HEAD });
  const first = await open();
  await keepWorkspace(first);
  await beginTurn(git, first, 1);
  write(join(first.workTree, 'a.txt'), 'turn one\n');
  await beginTurn(git, await open(), 2);
  write(join(first.workTree, 'a.txt'), 'half of turn two\n');
  write(join(first.workTree, 'half.txt'), 'x');
  await beginTurn(git, await open(), 2);
  expect(readFileSync(join(first.workTree, 'a.txt'), 'utf8')).toBe('turn one\n');
  expect(existsSync(join(first.workTree, 'half.txt'))).toBe(false);
});

test('a workspace that a killed host had not made whole begins anew', async () => {
  using home = scratch();
  const source = repository(join(home.path, 'src', 'app'), { 'a.txt': 'one\n' });
  const open = () => openWorkspace(place(home.path), 'run_1', { source, ...AT_HEAD });
  const cutOff = await open();
  write(join(cutOff.workTree, 'a.txt'), 'half of an earlier patch\n');
  const again = await open();
  expect(again.fresh).toBe(true);
  expect(readFileSync(join(again.workTree, 'a.txt'), 'utf8')).toBe('one\n');
  await keepWorkspace(again);
  expect((await open()).fresh).toBe(false);
});

test('a task without a repository gets an empty directory, and what it writes is a patch', async () => {
  using home = scratch();
  mkdirSync(join(home.path, 'src'));
  const workspace = await openWorkspace(place(home.path), 'run_1', undefined);
  write(join(workspace.workTree, 'answer.txt'), '42\n');
  expect((await writePatch(git, workspace)).filesChanged).toEqual(['answer.txt']);
});

test.each([
  ['a directory outside of the root', 'repo_not_allowed', (home: string) => join(home, 'outside')],
  [
    'a link that leads out of the root',
    'repo_not_allowed',
    (home: string) => join(home, 'src', 'link'),
  ],
  [
    'a directory that is no repository',
    'repo_unusable',
    (home: string) => join(home, 'src', 'plain'),
  ],
  ['a directory that does not exist', 'repo_unusable', (home: string) => join(home, 'src', 'none')],
  [
    'a file address, which would lead around the root',
    'repo_unusable',
    (home: string) => `file://${home}/outside`,
  ],
])('%s is refused as %s', async (_, code, sourceOf) => {
  using home = scratch();
  mkdirSync(join(home.path, 'src', 'plain'), { recursive: true });
  repository(join(home.path, 'outside'), { 'a.txt': 'secret\n' });
  symlinkSync(join(home.path, 'outside'), join(home.path, 'src', 'link'));
  const source = sourceOf(home.path);
  await expect(
    openWorkspace(place(home.path), 'run_1', { source, ...AT_HEAD }),
  ).rejects.toMatchObject({ code });
});

test.each(['no-such-branch', '--upload-pack=touch x'])(
  'ref %s names no commit and is refused',
  async (ref) => {
    using home = scratch();
    const source = repository(join(home.path, 'src', 'app'), { 'a.txt': 'one\n' });
    const opened = openWorkspace(place(home.path), 'run_1', { source, ref, base_commit: '' });
    await expect(opened).rejects.toThrow(WorkspaceError);
    await expect(opened).rejects.toMatchObject({ code: 'ref_not_found' });
  },
);

function fail(): never {
  throw new Error('there is no patch');
}
