import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { write } from '../agent-host/testing/repository.ts';
import { scratch } from '../api/testing/scratch.ts';
import { oa } from './testing/terminal.ts';

/** What bash offers for a line that ends where the cursor stands. */
async function offered(line: string): Promise<string[]> {
  using home = scratch();
  const path = join(home.path, 'oa.bash');
  write(path, (await oa(['completion', 'bash'])).out);
  const words = line.split(' ');
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const script = `source ${path}; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _oa; printf '%s\\n' "\${COMPREPLY[@]}"`;
  // Without the start-up files of whoever runs this, which may do anything.
  const env = { PATH: process.env['PATH'], HOME: home.path };
  return execFileSync('bash', ['-c', script], { cwd: home.path, encoding: 'utf8', env })
    .split('\n')
    .filter(Boolean);
}

test('bash completes commands, their commands and their flags', async () => {
  expect(await offered('oa ru')).toEqual(['run', 'runs']);
  expect(await offered('oa runs w')).toEqual(['watch']);
  expect(await offered('oa run --ver')).toEqual(['--verify']);
  expect(await offered('oa worker start --r')).toEqual(['--root']);
});

test.each(['bash', 'zsh', 'fish'])('the script of %s knows every command', async (shell) => {
  const { out, exitCode } = await oa(['completion', shell]);
  expect(exitCode).toBe(0);
  for (const word of ['run', 'runs', 'worker', 'receipts', 'replay', 'watch', 'reproject'])
    expect(out).toContain(word);
});

test('another shell is refused', async () => {
  expect((await oa(['completion', 'powershell'])).exitCode).toBe(2);
});
