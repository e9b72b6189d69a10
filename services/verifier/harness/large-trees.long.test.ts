import { expect, test } from 'vitest';
import { bubblewrapNeeded, startTestVerifier } from '../testing/verifier.ts';

const FILES = 100_000;
const FILES_OF_A_DIRECTORY = 500;
const TIMEOUT_MS = 600_000;

test.skipIf(bubblewrapNeeded)(
  `a repository of ${FILES} files is judged like any other${bubblewrapNeeded}`,
  { timeout: TIMEOUT_MS },
  async () => {
    await using verifier = await startTestVerifier();
    const files: Record<string, string> = {
      'answer.txt': '41\n',
      'tests/judge.sh': 'grep -q 42 answer.txt\n',
    };
    for (let file = 0; file < FILES; file += 1) {
      files[`src/${Math.floor(file / FILES_OF_A_DIRECTORY)}/${file}.txt`] = `${file}\n`;
    }
    const repository = verifier.repository(files);
    const counted = `[ "$(find src -type f | wc -l)" -eq ${FILES} ]`;
    const result = await verifier.verify({
      repository,
      patch: repository.patch({ 'answer.txt': '42\n' }),
      harness: { commands: [counted, 'sh tests/judge.sh'], timeout_s: 120 },
    });
    expect(result).toMatchObject({ verdict: 'accepted', strength: 'fail_to_pass' });
  },
);
