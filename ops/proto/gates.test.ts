import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { BASELINE, buildImage, ROOT, readContract } from './contract.ts';
import { generate } from './generate.ts';

// Each test starts programs, which take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), 'oa-contracts-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Exit code of a buf command on a copy of the contract with one text replaced in one file. */
function bufOnChanged(
  file: string,
  from: string | RegExp,
  to: string,
  ...command: string[]
): number {
  const copy = join(folder, 'proto');
  rmSync(copy, { recursive: true, force: true });
  cpSync(join(ROOT, 'proto/openagents'), join(copy, 'openagents'), { recursive: true });
  cpSync(join(ROOT, 'proto/buf.yaml'), join(copy, 'buf.yaml'));
  const path = join(copy, 'openagents', file);
  const text = readFileSync(path, 'utf8');
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  writeFileSync(path, changed);
  const [name = '', ...args] = command;
  const run = spawnSync('node_modules/.bin/buf', [name, copy, ...args], { cwd: ROOT });
  return run.status ?? -1;
}

/** Any other failure of buf would be ours. */
const BUF_FOUND_FAULTS = 100;

const breaking = ['breaking', '--against', BASELINE];
const SYNC = 'sync/v1/sync.proto';

test.each<[string, string | RegExp, string, string[]]>([
  [
    'a removed field',
    '  string topic = 1;\n  uint64 seq = 2;\n',
    '  string topic = 1;\n',
    breaking,
  ],
  ['a renumbered field', 'uint64 from_seq = 3;', 'uint64 from_seq = 30;', breaking],
  ['a retyped field', 'uint64 after_ms = 1;', 'string after_ms = 1;', breaking],
  ['a removed enum value', / {2}STALE_REASON_COMPACTED.*\n/, '', breaking],
  ['a removed message', /message Reconnect \{[^}]*\}/, '', breaking],
  ['a name in camelCase', 'string node_id = 2;', 'string nodeId = 2;', ['lint']],
  ['an enum without its zero', 'STALE_REASON_UNSPECIFIED = 0;', 'STALE_REASON_NONE = 0;', ['lint']],
  ['a line out of form', 'message Reconnect {', 'message   Reconnect {', ['format', '--exit-code']],
])('%s is refused', (_, from, to, command) => {
  expect(bufOnChanged(SYNC, from, to, ...command)).toBe(BUF_FOUND_FAULTS);
});

test('an added field is not', () => {
  const added = 'uint64 after_ms = 1;\n  string reason = 2;';
  expect(bufOnChanged(SYNC, 'uint64 after_ms = 1;', added, ...breaking)).toBe(0);
  expect(bufOnChanged(SYNC, 'uint64 after_ms = 1;', added, 'lint')).toBe(0);
});

test('generation gives the bytes that were committed, however often it runs', () => {
  for (const [path, text] of generate()) {
    expect(readFileSync(join(ROOT, path), 'utf8') === text, path).toBe(true);
  }
});

test('every enum value of the contract has a text that is its own', () => {
  const contract = readContract(buildImage());
  for (const each of contract.enums) {
    const texts = each.values.map(contract.textOf);
    expect(new Set(texts).size, each.typeName).toBe(texts.length);
  }
});
