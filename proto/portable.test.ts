import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

/** What clients load in a page that allows neither Node nor code made from text. */
const FOR_BROWSERS = [
  'khala-frame',
  'read',
  'receipt',
  'replay',
  'run-event',
  'worker-event',
  'compat',
  'redact',
];

/** What a workflow may load besides: no generated values either. */
const FOR_WORKFLOWS = [
  'canonical',
  'errors',
  'event-chain',
  'ids',
  'topics',
  'sha256',
  'time',
  'uint64',
];

async function inputsOf(name: string): Promise<{ text: string; files: string[] }> {
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL(`${name}.ts`, import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    metafile: true,
    logLevel: 'silent',
  });
  return { text: bundle.outputFiles[0]?.text ?? '', files: Object.keys(bundle.metafile.inputs) };
}

it.each([...FOR_BROWSERS, ...FOR_WORKFLOWS])('%s needs neither Node nor eval', async (name) => {
  const { text } = await inputsOf(name);
  expect(text.length).toBeGreaterThan(0);
  expect(text).not.toMatch(/new Function\(|\beval\(|from "node:/);
});

it.each(FOR_WORKFLOWS)(
  '%s needs no generated code, so that a workflow may use it',
  async (name) => {
    const { files } = await inputsOf(name);
    expect(files.filter((file) => file.includes('proto/gen/'))).toEqual([]);
  },
);
