import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { writeTar } from './tar.ts';

const run = promisify(execFile);

test('tar reads what was written, byte for byte', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'oa-tar-'));
  try {
    const files = {
      'empty.txt': '',
      'a.txt': 'a',
      'block.bin': 'x'.repeat(512),
      'b.md': 'y'.repeat(700),
    };
    const entries = Object.entries(files).map(([name, text]) => ({
      name,
      bytes: text.length,
      content: [Buffer.from(text)],
    }));
    await writeFile(join(directory, 'x.tar'), await buffer(writeTar(entries, 1_700_000_000_000)));
    const { stderr } = await run('tar', ['-xvf', 'x.tar'], { cwd: directory });
    expect(stderr).toBe('');
    for (const [name, text] of Object.entries(files)) {
      expect(await readFile(join(directory, name), 'utf8')).toBe(text);
    }
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('content of another size than announced is an error, not a broken archive', async () => {
  const entry = { name: 'a', bytes: 2, content: [Buffer.from('abc')] };
  await expect(buffer(writeTar([entry], 0))).rejects.toThrow('a has 3 bytes, not the 2');
});
