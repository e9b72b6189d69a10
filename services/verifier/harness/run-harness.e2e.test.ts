import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bubblewrapNeeded, startTestVerifier, type TestVerifier } from '../testing/verifier.ts';

const MANIFEST = {
  name: 'sample',
  version: '1.0.0',
  scripts: { test: 'grep -q 42 answer.txt', build: 'true' },
};

const FILES = {
  'answer.txt': '41\n',
  'check.sh': 'grep -q 42 answer.txt\n',
  'tests/judge.sh': 'grep -q 42 answer.txt\n',
  'package.json': `${JSON.stringify(MANIFEST, null, 2)}\n`,
};
const JUDGE = { commands: ['sh tests/judge.sh'], timeout_s: 20 };
const RIGHT = { 'answer.txt': '42\n' };

describe.skipIf(bubblewrapNeeded)(`what is handed to the harness${bubblewrapNeeded}`, () => {
  let verifier: TestVerifier;
  let repository: ReturnType<TestVerifier['repository']>;
  beforeAll(async () => {
    verifier = await startTestVerifier({ limits: { workspaceBytes: 16 * 1024 * 1024 } });
    repository = verifier.repository(FILES);
  });
  afterAll(() => verifier[Symbol.asyncDispose]());

  const verify = (patch: Uint8Array | string, more: object = {}) =>
    verifier.verify({ repository, patch: Buffer.from(patch), harness: JUDGE, ...more });

  it('is refused when the patch does not apply, with what git said', async () => {
    const result = await verify(
      'diff --git a/answer.txt b/answer.txt\n--- a/answer.txt\n+++ b/answer.txt\n@@ -1 +1 @@\n-7\n+8\n',
    );
    expect(result).toMatchObject({
      verdict: 'rejected',
      reason: 'the patch does not apply to the base commit',
      commands: [],
    });
    expect(result.feedback).toContain('patch failed: answer.txt');
  });

  it.each([
    ['is no patch at all', 'hello\n'],
    ['is empty', ''],
    [
      'leaves the tree',
      'diff --git a/../evil b/../evil\nnew file mode 100644\n--- /dev/null\n+++ b/../evil\n@@ -0,0 +1 @@\n+x\n',
    ],
    [
      'writes into .git',
      'diff --git a/.git/hooks/post-checkout b/.git/hooks/post-checkout\nnew file mode 100755\n--- /dev/null\n+++ b/.git/hooks/post-checkout\n@@ -0,0 +1 @@\n+exit 0\n',
    ],
    [
      'writes through a link of its own',
      'diff --git a/out b/out\nnew file mode 120000\n--- /dev/null\n+++ b/out\n@@ -0,0 +1 @@\n+/tmp\n\\ No newline at end of file\ndiff --git a/out/evil b/out/evil\nnew file mode 100644\n--- /dev/null\n+++ b/out/evil\n@@ -0,0 +1 @@\n+x\n',
    ],
  ])('is refused when the patch %s', async (_, patch) => {
    expect(await verify(patch)).toMatchObject({
      verdict: 'rejected',
      reason: 'the patch does not apply to the base commit',
    });
  });

  it('is refused when the repository is no bundle', async () => {
    const result = await verifier.verify({
      repository: { ...repository, bundle: Buffer.from('not a bundle') },
      patch: repository.patch(RIGHT),
      harness: JUDGE,
    });
    expect(result).toMatchObject({
      verdict: 'rejected',
      reason: expect.stringContaining('not a git bundle'),
    });
  });

  it('is refused when the base commit is not in the bundle, or is no object id', async () => {
    const patch = repository.patch(RIGHT);
    const absent = { ...repository, baseCommit: 'a'.repeat(40) };
    expect(await verifier.verify({ repository: absent, patch, harness: JUDGE })).toMatchObject({
      reason: 'the base commit is not in the repository',
    });
    const injected = { ...repository, baseCommit: 'HEAD; touch /tmp/x' };
    expect(await verifier.verify({ repository: injected, patch, harness: JUDGE })).toMatchObject({
      verdict: 'rejected',
      reason: 'the base commit is not an object id',
    });
  });

  it('is refused when the tree is not the one the run names', async () => {
    expect(await verify(repository.patch(RIGHT), { baseTree: 'b'.repeat(40) })).toMatchObject({
      verdict: 'rejected',
      reason: 'the tree of the base commit is not the one the run names',
    });
  });

  it.each([
    [
      'a cache this verifier does not have',
      { ...JUDGE, mounts_ro: ['/etc'] },
      'no cache named "/etc"',
    ],
    [
      'network this verifier does not offer',
      { ...JUDGE, setup: { commands: ['true'], network: 'egress' as const } },
      'asks for network',
    ],
    ['a variable no shell could have', { ...JUDGE, env: { 'A=B': '1' } }, 'no name of a variable'],
    ['a command with a NUL', { commands: ['true\0'] }, 'holds a NUL'],
  ])('is refused when it asks for %s', async (_, harness, reason) => {
    expect(await verify(repository.patch(RIGHT), { harness })).toMatchObject({
      verdict: 'rejected',
      reason: expect.stringContaining(reason),
    });
  });

  it('is refused when the repository does not fit into the room', async () => {
    const large = verifier.repository({ 'large.bin': 'x'.repeat(20 * 1024 * 1024) });
    const result = await verifier.verify({
      repository: large,
      patch: large.patch({ 'a.txt': 'a' }),
      harness: JUDGE,
    });
    expect(result).toMatchObject({
      verdict: 'rejected',
      reason: 'the base commit cannot be checked out',
    });
    expect(result.feedback).toMatch(/out of disk ?space|no space left/i);
  });
});

describe.skipIf(bubblewrapNeeded)(`the judge${bubblewrapNeeded}`, () => {
  let verifier: TestVerifier;
  let repository: ReturnType<TestVerifier['repository']>;
  beforeAll(async () => {
    verifier = await startTestVerifier();
    repository = verifier.repository(FILES);
  });
  afterAll(() => verifier[Symbol.asyncDispose]());

  it('accepts as pass_to_pass what passed before', async () => {
    const result = await verifier.verify({
      repository,
      patch: repository.patch({ 'README.md': 'read\n' }),
      harness: { commands: ['true', 'test -f answer.txt'] },
    });
    expect(result).toMatchObject({ verdict: 'accepted', strength: 'pass_to_pass' });
    expect(result.commands.map(({ stage }) => stage)).toEqual([
      'base',
      'base',
      'patched_1',
      'patched_1',
      'patched_2',
      'patched_2',
    ]);
  });

  it('gives later commands of a stage what earlier ones left, and no run what another did', async () => {
    const result = await verifier.verify({
      repository,
      patch: repository.patch(RIGHT),
      harness: {
        commands: ['test ! -e made && echo 1 >made', 'grep -q 1 made && sh tests/judge.sh'],
      },
    });
    expect(result).toMatchObject({ verdict: 'accepted', strength: 'fail_to_pass' });
  });

  it('takes scripts of a manifest from the base and dependencies from the patch', async () => {
    const bent = {
      ...MANIFEST,
      scripts: { ...MANIFEST.scripts, test: 'true' },
      dependencies: { left: '1.0.0' },
    };
    const result = await verifier.verify({
      repository,
      patch: repository.patch({ ...RIGHT, 'package.json': JSON.stringify(bent) }),
      harness: { commands: ["grep -q left package.json && grep -q 'grep -q 42' package.json"] },
    });
    expect(result).toMatchObject({
      verdict: 'accepted',
      protected_paths_touched: ['package.json#scripts'],
    });
  });

  it('removes what a patch adds below a protected path', async () => {
    const result = await verifier.verify({
      repository,
      patch: repository.patch({ ...RIGHT, 'tests/conftest.py': 'x\n' }),
      harness: { commands: ['test ! -e tests/conftest.py && sh tests/judge.sh'] },
    });
    expect(result).toMatchObject({
      verdict: 'accepted',
      protected_paths_touched: ['tests/conftest.py'],
    });
  });

  it('comes back when a patch puts a link, or a file, in the place of its directory', async () => {
    for (const mode of ['120000', '100644']) {
      const patch = [
        'diff --git a/tests/judge.sh b/tests/judge.sh\ndeleted file mode 100644\n--- a/tests/judge.sh\n+++ /dev/null\n@@ -1 +0,0 @@\n-grep -q 42 answer.txt\n',
        `diff --git a/tests b/tests\nnew file mode ${mode}\n--- /dev/null\n+++ b/tests\n@@ -0,0 +1 @@\n+fake\n\\ No newline at end of file\n`,
        'diff --git a/fake/judge.sh b/fake/judge.sh\nnew file mode 100644\n--- /dev/null\n+++ b/fake/judge.sh\n@@ -0,0 +1 @@\n+true\n',
      ].join('');
      const result = await verifier.verify({
        repository,
        patch: Buffer.from(patch),
        harness: JUDGE,
      });
      expect(result).toMatchObject({
        verdict: 'rejected',
        reason: 'after the patch `sh tests/judge.sh` exits 1',
        protected_paths_touched: ['tests/judge.sh'],
      });
    }
  });

  it('survives a setup of patched code that rewrites it', async () => {
    const result = await verifier.verify({
      repository,
      patch: repository.patch({ 'check.sh': 'echo true >tests/judge.sh\n' }),
      harness: { ...JUDGE, setup: { commands: ['sh check.sh || true'], network: 'none' } },
    });
    expect(result).toMatchObject({ verdict: 'rejected' });
  });

  it('is what the run names, where it names paths', async () => {
    const result = await verifier.verify({
      repository,
      patch: repository.patch({ 'check.sh': 'true\n', 'tests/judge.sh': 'true\n' }),
      harness: { commands: ['sh check.sh'], protected_paths: ['check.sh'] },
    });
    expect(result).toMatchObject({ verdict: 'rejected', protected_paths_touched: ['check.sh'] });
  });

  it('rejects where the setup fails after the patch, and shows its output', async () => {
    const result = await verifier.verify({
      repository,
      patch: repository.patch({ 'check.sh': 'echo the setup is broken\nexit 3\n' }),
      harness: { ...JUDGE, setup: { commands: ['sh check.sh || test $? = 1'], network: 'none' } },
    });
    expect(result).toMatchObject({
      verdict: 'rejected',
      feedback: expect.stringContaining('the setup is broken'),
    });
    expect(result.commands.map(({ stage }) => stage)).toEqual(['setup', 'base', 'setup_patched']);
  });

  it('follows no link out of the tree', async () => {
    const result = await verifier.verify({
      repository,
      patch: Buffer.from(
        'diff --git a/out b/out\nnew file mode 120000\n--- /dev/null\n+++ b/out\n@@ -0,0 +1 @@\n+/etc/shadow\n\\ No newline at end of file\n',
      ),
      harness: { commands: ['test -L out && cat out'] },
    });
    expect(result).toMatchObject({ verdict: 'rejected' });
  });

  it('ends at once when it is cancelled, and leaves no file', async () => {
    const cancel = new AbortController();
    const verdict = verifier.verify({
      repository,
      patch: repository.patch(RIGHT),
      harness: { commands: ['sleep 60'] },
      signal: cancel.signal,
      onStage: () => setTimeout(() => cancel.abort(new Error('enough')), 100),
    });
    await expect(verdict).rejects.toThrow('enough');
    expect(readdirSync(verifier.scratch)).toEqual([]);
  });
});
