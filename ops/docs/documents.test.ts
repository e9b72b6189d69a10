import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { brokenLinks, commandsOf, readDocuments } from './documents.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const documents = readDocuments(ROOT);

test('every link into the repository leads somewhere', () => {
  expect(documents.flatMap((document) => brokenLinks(ROOT, document))).toEqual([]);
});

test('every npm script that a document calls exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const called = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/npm run ([a-z][a-z0-9:-]*)/g)].map(([, name = '']) => ({ path, name })),
  );
  expect(called.length).toBeGreaterThan(0);
  expect(called.filter(({ name }) => !(name in scripts))).toEqual([]);
});

test('a command that goes over several lines is one command', () => {
  const text = '```sh\n# why\n$ ./bin/oa run "x" \\\n  --detach\nnpm start\n```\nnpm stop\n';
  expect(commandsOf({ path: 'a.md', text }).map((command) => command.text)).toEqual([
    './bin/oa run "x" --detach',
    'npm start',
  ]);
});

test('a link to a missing heading is broken', () => {
  const document = { path: 'README.md', text: '[a](README.md#start) [b](README.md#nowhere)' };
  expect(brokenLinks(ROOT, document)).toEqual(['README.md: README.md#nowhere has no such heading']);
});
