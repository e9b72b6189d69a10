import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
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

/** What a page loads to follow topics and keep its place. */
const PAGE_FILES = [
  'client.ts',
  'followed-documents.ts',
  'indexed-db-store.ts',
  'memory-store.ts',
  'browser-triggers.ts',
  'errors.ts',
];
/** On a slow phone's line of 50 kB/s, less than a second. */
const PAGE_BYTES_MAX = 35 * 1024;

test.each([...PAGE_FILES, 'run-events.ts'])(
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

test('what a page loads is at most 35 KB, minified and compressed', async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: PAGE_FILES.map((file) => `export * from './${file}';`).join('\n'),
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'browser',
  });
  const [bundled] = outputFiles;
  expect(gzipSync(bundled?.contents ?? '', { level: 9 }).length).toBeLessThan(PAGE_BYTES_MAX);
});
