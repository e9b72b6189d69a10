/** Trees that no editor makes: in what is handed in, and in what patched code leaves behind. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bubblewrapNeeded, startTestVerifier, type TestVerifier } from '../testing/verifier.ts';

const FILES = {
  'answer.txt': '41\n',
  'prepare.sh': 'true\n',
  'tests/judge.sh': 'grep -q 42 answer.txt\n',
};
const RIGHT = { 'answer.txt': '42\n' };
const JUDGE = { commands: ['sh tests/judge.sh'], timeout_s: 20 };
const UNUSABLE = 'what the setup left cannot be used again';
const ACCEPTED = { verdict: 'accepted', strength: 'fail_to_pass' };

describe.skipIf(bubblewrapNeeded)(`a strange tree${bubblewrapNeeded}`, () => {
  let verifier: TestVerifier;
  beforeAll(async () => {
    verifier = await startTestVerifier();
  });
  afterAll(() => verifier[Symbol.asyncDispose]());

  /** The right patch, with a setup that runs `prepare` of the patch; it is told apart from the base by its answer. */
  async function leaving(prepare: string, commands = JUDGE.commands) {
    const repository = verifier.repository(FILES);
    return verifier.verify({
      repository,
      patch: repository.patch({ ...RIGHT, 'prepare.sh': prepare }),
      harness: {
        ...JUDGE,
        commands,
        setup: { commands: ['sh prepare.sh'], network: 'none' },
      },
    });
  }

  it.each([
    ['a pipe that nobody writes', 'mkfifo pipe'],
    [
      'hard links of one file',
      'i=0; while [ $i -lt 50 ]; do ln answer.txt link-$i; i=$((i+1)); done',
    ],
    [
      'links out of the tree, into nowhere, and in a circle',
      'ln -s /etc/passwd out; ln -s nowhere dead; ln -s circle circle; ln -s .. up',
    ],
    [
      'names with line ends, quotes, dashes and bytes that are no UTF-8',
      `touch -- "$(printf 'two\\nlines')" "it's" '-rf' "$(printf 'latin-\\344')"`,
    ],
    ['names that differ in case alone', 'echo a > Twin; echo b > twin; echo c > TWIN'],
    [
      'a path of 150 directories',
      'i=0; while [ $i -lt 150 ]; do mkdir deep-directory && cd deep-directory; i=$((i+1)); done; touch end',
    ],
  ])('with %s is judged like any other', async (_, prepare) => {
    expect(await leaving(prepare)).toMatchObject(ACCEPTED);
  });

  it('with a socket that its setup left is judged without it', async () => {
    const listens = `node -e "require('net').createServer().listen('socket', () => process.exit())"`;
    expect(await leaving(listens)).toMatchObject(ACCEPTED);
  });

  it.each([
    ['a pipe', 'rm tests/judge.sh && mkfifo tests/judge.sh'],
    [
      'a link to a program that always agrees',
      'rm tests/judge.sh && ln -s /bin/true tests/judge.sh',
    ],
    ['a hard link to a file of the patch', 'echo true > agree.sh; ln -f agree.sh tests/judge.sh'],
  ])('with %s in the place of its judge has the judge of the base', async (_, prepare) => {
    const repository = verifier.repository(FILES);
    const wrong = { 'answer.txt': '7\n', 'prepare.sh': prepare };
    const result = await verifier.verify({
      repository,
      patch: repository.patch(wrong),
      harness: { ...JUDGE, setup: { commands: ['sh prepare.sh'], network: 'none' } },
    });
    expect(result).toMatchObject({
      verdict: 'rejected',
      reason: 'after the patch `sh tests/judge.sh` exits 1',
    });
  });

  it('cannot hold a device', async () => {
    const result = await leaving('mknod null c 1 3 && echo made > made; true', [
      'test ! -e made && sh tests/judge.sh',
    ]);
    expect(result).toMatchObject(ACCEPTED);
  });

  it.each([
    ['a directory closed to everybody', 'mkdir closed; touch closed/file; chmod 000 closed'],
    [
      'a directory in the place of its judge',
      'rm tests/judge.sh && mkdir -p tests/judge.sh/within',
    ],
    [
      'a path longer than the system takes',
      'i=0; while [ $i -lt 500 ]; do mkdir deep-directory && cd deep-directory; i=$((i+1)); done',
    ],
  ])('with %s is refused with the reason and not tried for ever', async (_, prepare) => {
    expect(await leaving(prepare)).toMatchObject({
      verdict: 'rejected',
      reason: UNUSABLE,
    });
  });

  it('handed in with names that git quotes has its judge restored by those names', async () => {
    const odd = 'tests/two\nlines \'quoted\' "twice" *.sh';
    const repository = verifier.repository({ ...FILES, [odd]: 'grep -q 42 answer.txt\n' });
    const result = await verifier.verify({
      repository,
      patch: repository.patch({ 'answer.txt': '7\n', [odd]: 'true\n' }),
      harness: {
        commands: [`for test in tests/two*; do sh "$test" || exit 1; done`],
        timeout_s: 20,
      },
    });
    expect(result).toMatchObject({ verdict: 'rejected', protected_paths_touched: [odd] });
  });

  it('handed in with a name that is no text has its judge restored by its bytes', async () => {
    const repository = verifier.repository(FILES);
    const added = [
      String.raw`diff --git "a/tests/latin-\344.sh" "b/tests/latin-\344.sh"`,
      'new file mode 100644',
      '--- /dev/null',
      String.raw`+++ "b/tests/latin-\344.sh"`,
      '@@ -0,0 +1 @@',
      '+true',
      '',
    ].join('\n');
    const result = await verifier.verify({
      repository,
      patch: Buffer.concat([repository.patch(RIGHT), Buffer.from(added)]),
      harness: { commands: ['[ "$(ls tests)" = judge.sh ] && sh tests/judge.sh'], timeout_s: 20 },
    });
    expect(result).toMatchObject({
      ...ACCEPTED,
      protected_paths_touched: [expect.stringContaining('tests/latin-')],
    });
  });
});
