import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { faultOf } from './command-line.ts';
import { commandsOf, inlineCommandsOf, readDocuments } from './documents.ts';
import { callsOf } from './shell.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const surroundings = { root: ROOT, scripts };

/** Blocks of a shell that is no plain command line; the test that is named here runs them word for word. */
const RUN_BY: Readonly<Record<string, string>> = {
  'README.md': 'ops/demo/demo.e2e.test.ts',
};

const documents = readDocuments(ROOT);
const commands = documents.flatMap((document) =>
  commandsOf(document).filter(
    ({ block }) => !(document.path in RUN_BY && block.includes('openssl')),
  ),
);

test('there are commands to check, of more than one document', () => {
  expect(new Set(commands.map(({ document }) => document)).size).toBeGreaterThan(1);
});

test.each(Object.entries(RUN_BY))('the block of %s is run by %s', (document, file) => {
  expect(documents.find(({ path }) => path === document)?.text).toContain('openssl');
  const source = readFileSync(join(ROOT, file), 'utf8');
  expect([source.includes(document), source.includes('```sh')]).toEqual([true, true]);
});

test.each(commands)('$document:$line $text', async ({ text }) => {
  const calls = callsOf(text);
  expect(calls.length).toBeGreaterThan(0);
  expect(await Promise.all(calls.map((call) => faultOf(call, surroundings)))).toEqual(
    calls.map(() => undefined),
  );
});

/** A sentence may name a command without all that it needs. */
const INCOMPLETE = /^error: (required option|missing required argument)/;

test('every command that a sentence names exists', async () => {
  const named = documents.flatMap((document) => inlineCommandsOf(document));
  expect(named.length).toBeGreaterThan(0);
  const faults = await Promise.all(
    named.flatMap(({ document, text }) =>
      callsOf(text).map(async (call) => {
        const fault = await faultOf(call, surroundings);
        return fault && !INCOMPLETE.test(fault) ? [`${document}: ${text}: ${fault}`] : [];
      }),
    ),
  );
  expect(faults.flat()).toEqual([]);
});

describe('a command that cannot work is found', () => {
  test.each([
    ['npm run nothing', 'there is no script nothing'],
    ['npm ci && npm run demos', 'there is no script demos'],
    ['node ops/nowhere.ts', 'there is no file ops/nowhere.ts'],
    ['npx nothing-here', 'nothing-here is not installed'],
    ['./bin/oa rnus', "unknown command 'rnus'"],
    ['./bin/oa runs', 'outputHelp'],
    ['./bin/oa run "x" --agnet y', "unknown option '--agnet'"],
    ['./bin/oa worker start', "required option '--root <directory>' not specified"],
    ['./bin/oa replay', "missing required argument 'file'"],
    ['frobnicate', 'frobnicate is not a known program'],
  ])('%s', async (line, fault) => {
    const faults = await Promise.all(callsOf(line).map((call) => faultOf(call, surroundings)));
    expect(faults.find(Boolean)).toContain(fault);
  });
});

/** What needs neither a stack nor an account, run as a reader would run it. */
test.each([
  ['./bin/oa', ['--help'], 'Exit codes'],
  ['./bin/oa', ['run', '--help'], '--verify <command>'],
  ['./bin/oa', ['completion', 'bash'], 'complete -o filenames -F _oa oa'],
])('%s %j runs', (program, words, answer) => {
  expect(execFileSync(join(ROOT, program), words, { cwd: ROOT, encoding: 'utf8' })).toContain(
    answer,
  );
});
