import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

async function bundle(file: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

test.each(['client.ts', 'memory-store.ts', 'indexed-db-store.ts', 'errors.ts'])(
  '%s loads in a page that allows neither Node nor eval',
  async (file) => {
    const text = await bundle(file);
    expect(text.length).toBeGreaterThan(0);
    expect(text).not.toMatch(/new Function\(|\beval\(|from "node:/);
  },
);

test('the file store is for Node alone', async () => {
  await expect(bundle('file-store.ts')).rejects.toThrow(/node:fs/);
});
