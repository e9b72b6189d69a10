import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { workflowBundle } from './workflow-bundle.ts';

const QUIET = new DefaultLogger('ERROR');

test('a bundle is built once per state of its sources, and the one before is forgotten', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'oa-bundle-cache-'));
  try {
    await writeFile(join(directory, 'of-older-sources.js'), '');
    await workflowBundle(directory, QUIET);
    const [file = '', ...others] = await readdir(directory);
    expect(others).toEqual([]);
    expect(await readFile(join(directory, file), 'utf8')).toContain('recordRunCreated');
    await writeFile(join(directory, file), '// from the cache');
    expect(await workflowBundle(directory, QUIET)).toEqual({ code: '// from the cache' });
  } finally {
    await rm(directory, { recursive: true });
  }
}, 30_000);
