/** What a person does with `npm start` and `oa`, and what they are told when it goes wrong. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, executable, killed, type Oa, oaOf, repositoryWithBug } from '../testing/oa.ts';
import {
  removeStack,
  type StackProcess,
  stackDirectory,
  startStackProcess,
} from '../testing/stack-process.ts';

let stack: StackProcess;
let src: string;
let oa: Oa;
let stranger: Oa;
let host: ReturnType<Oa['start']> | undefined;

beforeAll(async () => {
  stack = await startStackProcess(await stackDirectory());
  src = join(stack.directory, 'src');
  mkdirSync(src);
  repositoryWithBug(join(src, 'app'));
  executable(join(src, 'fix.sh'), 'echo repairing; echo 42 > value.txt');
  executable(join(src, 'wrong.sh'), 'echo 43 > value.txt');
  executable(join(src, 'lame.sh'), 'echo "I cannot do this" >&2; exit 7');
  executable(
    join(src, 'slow.sh'),
    'for step in 1 2 3 4 5 6; do echo "step $step"; sleep 0.5; done; echo 42 > value.txt',
  );
  executable(join(src, 'waits.sh'), 'echo waiting; sleep 300');
  oa = oaOf(stack, src);
  const home = join(stack.directory, 'stranger');
  stranger = oaOf({ ...stack, env: { ...stack.env, OA_CONFIG_HOME: home } }, src);
});

afterAll(async () => {
  if (host) await killed(host.child, 'SIGTERM');
  await removeStack(stack);
});

const WORK = ['--repo', './app', '--verify', './test.sh'];

/** Everything in the checkout, what git keeps of it included. */
function fingerprint(): string {
  const hash = createHash('sha256');
  for (const entry of readdirSync(join(src, 'app'), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    hash.update(`${path}\0`);
    if (entry.isFile()) hash.update(readFileSync(path));
  }
  return hash.digest('hex');
}

const runIdIn = (text: string) => /run_[0-9a-z]{26}/.exec(text)?.[0] ?? '';
/** What the live view shows below its phases, which are named again to whoever begins to watch. */
const outputOf = (text: string) =>
  text.split('\n').filter((line) => /^ {2}(│|✓|✗|turn|patch)/.test(line));

test('without a login every command that needs one exits with 4 and says what to do', async () => {
  for (const command of [
    ['run', 'x', ...WORK, '--agent', './fix.sh'],
    ['runs', 'ls'],
    ['whoami'],
  ]) {
    const { code, out, err } = await oa.run(...command);
    expect([code, out]).toEqual([4, '']);
    expect(err).toMatch(/not logged in.*bin\/oa login/s);
  }
});

describe('logged in, with a worker', () => {
  beforeAll(async () => {
    await Promise.all([
      oa.login('operator@example.invalid'),
      stranger.login('other@example.invalid'),
    ]);
    host = oa.start('worker', 'start', '--root', '.');
    await eventually(() => /takes runs below/.test(host?.output() ?? '') || undefined);
  });

  test('Ctrl-C leaves the run alive; watching goes on with the next line, up to the verdict', async () => {
    const before = fingerprint();
    const watching = oa.start('run', 'make the test pass', ...WORK, '--agent', './slow.sh');
    await eventually(() => watching.output().includes('step 3') || undefined);
    expect(await killed(watching.child, 'SIGINT')).toBe(130);
    const runId = runIdIn(watching.output());
    const hint = /Pick it up with: (\S+) runs watch (\S+)/.exec(watching.output());
    expect(hint?.slice(1)).toEqual([expect.stringMatching(/bin\/oa$/), runId]);

    const rest = await oa.run('runs', 'watch', runId);
    expect(rest.code).toBe(0);
    expect(rest.out).toMatch(/^verdict +accepted, tier O, fail_to_pass(, unsandboxed)?$/m);
    const whole = await oa.run('runs', 'watch', runId, '--from-start');
    const shown = [...outputOf(watching.output()), ...outputOf(rest.err)];
    expect(shown).toEqual(outputOf(whole.err));
    expect(shown).toContain('  │ step 6');
    expect(fingerprint()).toBe(before);
  });

  test('a run can be listed, shown, canceled and fetched, by its owner', async () => {
    const detached = await oa.run('run', 'wait', ...WORK, '--agent', './waits.sh', '--detach');
    const runId = detached.out.trim();
    expect(detached).toMatchObject({
      code: 0,
      err: expect.stringContaining(`runs watch ${runId}`),
    });
    expect((await oa.run('runs', 'ls')).out).toContain(runId);
    expect((await oa.run('runs', 'show', runId)).out).toMatch(/state +(created|running)/);
    expect((await oa.run('runs', 'cancel', runId)).code).toBe(0);
    const watched = await oa.run('runs', 'watch', runId);
    expect(watched).toMatchObject({ code: 1, out: expect.stringMatching(/^run +\S+ +canceled$/m) });
    // Canceling what has ended changes nothing.
    expect((await oa.run('runs', 'cancel', runId)).code).toBeLessThanOrEqual(5);
    expect((await oa.run('runs', 'show', runId)).out).toMatch(/state +canceled/);
  });

  test('a run of somebody else is as absent as one that never was', async () => {
    const { runs } = JSON.parse((await oa.run('runs', 'ls', '--json')).out);
    const foreign: string = runs[0].run_id;
    const absent = `run_${'0'.repeat(26)}`;
    for (const command of [['runs', 'show'], ['runs', 'watch'], ['runs', 'cancel'], ['bundle']]) {
      const [theirs, nobodys] = await Promise.all(
        [foreign, absent].map((runId) => stranger.run(...command, runId)),
      );
      expect([theirs?.code, nobodys?.code]).toEqual([3, 3]);
      const told = (text = '') => text.replace(/request \S+/, '').replace(/run_\w+/g, 'RUN');
      expect(told(theirs?.err)).toBe(told(nobodys?.err));
    }
    expect((await stranger.run('runs', 'ls', '--json')).out).not.toContain(foreign);
  });

  test('an agent that does not repair it ends with 1, the reason and a receipt', async () => {
    const [wrong, lame, idle] = await Promise.all([
      oa.run('run', 'x', ...WORK, '--attempts', '1', '--agent', './wrong.sh'),
      oa.run('run', 'x', ...WORK, '--attempts', '1', '--agent', './lame.sh'),
      oa.run('run', 'x', ...WORK, '--attempts', '1', '--agent', 'true'),
    ]);
    for (const { code, out } of [wrong, lame, idle]) {
      expect(code).toBe(1);
      expect(out).toMatch(/^run +\S+ +failed$/m);
      expect(out).toMatch(/^receipt +rr_/m);
    }
    expect(wrong.err).toMatch(/✗ verdict: rejected/);
    expect(wrong.err).toMatch(/● failed: .*(test\.sh|verification|reject)/);
    expect(lame.err).toMatch(/I cannot do this/);
    expect(lame.err).toMatch(/● failed: .*7/);
    expect(idle.err).toMatch(/● failed: .*(patch|change)/);
  });

  const WRONG: [string, string[], RegExp][] = [
    ['an unknown flag', ['runs', 'ls', '--colour'], /unknown option '--colour'/],
    ['a run id that is none', ['runs', 'show', 'run-7'], /run-7 is not a run id/],
    ['no repository', ['run', 'x', '--repo', '/', '--agent', 'true'], /--repo \/ is not a git/],
    [
      'nothing to verify',
      ['run', 'x', '--verify', 'true', '--agent', 'true'],
      /--verify needs --repo/,
    ],
  ];

  test.each(WRONG)('%s: exit code 2, and the flag or argument is named', async (_, args, told) => {
    const { code, out, err } = await oa.run(...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(told);
    expect(err).not.toMatch(/\n\s+at /);
  });

  test('a checkout with changes is refused, or run from its last commit when that is asked for', async () => {
    writeFileSync(join(src, 'app', 'value.txt'), '40\n');
    const run = ['run', 'x', ...WORK, '--agent', './fix.sh'];
    const refused = await oa.run(...run);
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('--allow-dirty') });
    const allowed = await oa.run(...run, '--allow-dirty');
    expect(allowed).toMatchObject({ code: 0, err: expect.stringContaining('are left out') });
    expect(readFileSync(join(src, 'app', 'value.txt'), 'utf8')).toBe('40\n');
    execFileSync('git', ['checkout', '-q', '.'], { cwd: join(src, 'app') });
  });
});
