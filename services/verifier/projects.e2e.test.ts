import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HarnessResult } from '#workflows/verification/ports.ts';
import { CACHE, PROJECTS, type Project } from './testing/projects.ts';
import type { Repository } from './testing/repository.ts';
import { bubblewrapNeeded, startTestVerifier, type TestVerifier } from './testing/verifier.ts';

/** Everything a harness must not find, made findable for anybody who shares our machine's view. */
const SECRET_VARIABLE = 'OA_TEST_CREDENTIAL';

function missing({ needs }: Project): string {
  const absent = needs.filter(
    (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0,
  );
  return absent.length > 0 ? ` (needs ${absent.join(', ')})` : bubblewrapNeeded;
}

/** Go's compiled standard library, as any developer's machine has it; compiled once, then kept between runs of the tests. */
const GO_CACHE = join(import.meta.dirname, '..', '..', '.cache', 'harness-go-build');

function warmGoCache(directory: string, project: Project): void {
  const source = mkdtempSync(join(directory, 'go-'));
  for (const [path, content] of Object.entries(project.files)) {
    mkdirSync(dirname(join(source, path)), { recursive: true });
    writeFileSync(join(source, path), content);
  }
  mkdirSync(GO_CACHE, { recursive: true });
  execFileSync('go', ['test', '-count=1', '-vet=off', '-run', 'Nothing', './...'], {
    cwd: source,
    env: { ...process.env, ...project.harness.env, GOCACHE: GO_CACHE },
    stdio: 'ignore',
  });
}

describe.each(PROJECTS)('a patch to a $name project', (project) => {
  const reason = missing(project);
  let verifier: TestVerifier;
  let repository: Repository;
  let caches: string;
  let listener: Server;
  let connections = 0;

  beforeAll(async () => {
    if (reason) return;
    caches = mkdtempSync(join(tmpdir(), 'oa-caches-'));
    mkdirSync(join(caches, CACHE));
    if (project.harness.mounts_ro.includes('go-build')) warmGoCache(caches, project);
    verifier = await startTestVerifier({
      caches: { [CACHE]: join(caches, CACHE), 'go-build': GO_CACHE },
    });
    repository = verifier.repository(project.files);
    listener = createServer((socket) => {
      connections++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  });

  afterAll(async () => {
    if (reason) return;
    listener.close();
    await verifier[Symbol.asyncDispose]();
    rmSync(caches, { recursive: true, force: true });
  });

  const verify = (changes: Record<string, string>, flipCache = false): Promise<HarnessResult> => {
    const dial = join(caches, CACHE, 'on');
    writeFileSync(dial, '');
    return verifier.verify({
      repository,
      patch: repository.patch(changes),
      harness: { ...project.harness, mounts_ro: [...project.harness.mounts_ro, CACHE] },
      onStage: (stage) => flipCache && stage === 'patched_2' && rmSync(dial),
    });
  };

  it.skipIf(reason)(`is accepted as fail_to_pass when it is right${reason}`, async () => {
    const result = await verify({ [project.source]: project.solve('right') });
    expect(result).toMatchObject({
      verdict: 'accepted',
      strength: 'fail_to_pass',
      protected_paths_touched: [],
    });
    const stages = result.commands
      .map(({ stage }) => stage)
      .filter((stage, index, all) => all[index - 1] !== stage);
    expect(stages).toEqual(['setup', 'base', 'setup_patched', 'patched_1', 'patched_2']);
    expect(result.isolation).toMatchObject({ sandboxed: true });
    expect(result.base_tree).toBe(repository.baseTree);
  });

  it.skipIf(reason)(
    `is rejected when it is wrong, with the failing output as feedback${reason}`,
    async () => {
      const result = await verify({ [project.source]: project.solve('wrong') });
      expect(result).toMatchObject({ verdict: 'rejected', strength: '' });
      expect(result.feedback).toContain('a.l.');
      const [ref] = result.output_refs.slice(-1);
      expect(Buffer.from(await verifier.server.get(ref?.sha256 ?? '')).toString()).toContain(
        'a.l.',
      );
    },
  );

  it.skipIf(reason)(
    `is rejected when it bends the test, which is restored and named${reason}`,
    async () => {
      const result = await verify({ [project.test]: project.bentTest });
      expect(result).toMatchObject({
        verdict: 'rejected',
        protected_paths_touched: [project.test],
        protected_paths_restored: [project.test],
      });
    },
  );

  it.skipIf(reason)(`is rejected when it behaves only where it detects CI${reason}`, async () => {
    const result = await verify({ [project.source]: project.solve('right_in_ci') });
    expect(result).toMatchObject({ verdict: 'rejected' });
  });

  it.skipIf(reason)(`is flaky, never accepted, when two runs differ${reason}`, async () => {
    const result = await verify({ [project.source]: project.solve('right_while_cached') }, true);
    expect(result).toMatchObject({ verdict: 'flaky', strength: '' });
    expect(result.commands.find(({ stage }) => stage === 'patched_1')?.exit_code).toBe(0);
  });

  it.skipIf(reason)(
    `finds nothing of the host when it spies on /proc, files, environment and network${reason}`,
    async () => {
      const secret = join(caches, 'credentials');
      writeFileSync(secret, 'secret', { mode: 0o644 });
      process.env[SECRET_VARIABLE] = 'secret';
      const targets = {
        files: [
          secret,
          `/proc/${process.pid}/cmdline`,
          `${process.env['HOME']}/.gitconfig`,
          '/etc/hostname',
        ],
        variable: SECRET_VARIABLE,
        port: (listener.address() as { port: number }).port,
      };
      const before = connections;
      const result = await verify({ [project.source]: project.spy(targets) });
      delete process.env[SECRET_VARIABLE];
      expect(result).toMatchObject({ verdict: 'rejected' });
      expect(result.feedback).toContain('spy got []');
      expect(connections).toBe(before);
    },
  );
});

it('the spy of these tests does find the host without a sandbox', async () => {
  const [project] = PROJECTS;
  if (!project) throw new Error('no project');
  await using open = await startTestVerifier({ unsandboxed: true });
  const repository = open.repository(project.files);
  const secret = join(open.directory, 'credentials');
  writeFileSync(secret, 'secret');
  const patch = repository.patch({
    [project.source]: project.spy({ files: [secret], variable: 'NOT_SET', port: 9 }),
  });
  const result = await open.verify({ repository, patch, harness: project.harness });
  expect(result).toMatchObject({ verdict: 'accepted', isolation: { sandboxed: false } });
});
