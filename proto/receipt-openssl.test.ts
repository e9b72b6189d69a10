import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadFixtures } from './testing/fixture-files.ts';

/** The very block that the README shows. */
const page = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const script = /```sh\n(# The signed bytes[\s\S]*?)```/.exec(page)?.[1] ?? '';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oa-receipt-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function check(receipt: string): string {
  writeFileSync(join(folder, 'RECEIPT.json'), receipt);
  writeFileSync(join(folder, 'keys.json'), JSON.stringify(loadFixtures().keys, null, 2));
  const run = spawnSync('sh', ['-c', script], { cwd: folder, encoding: 'utf8' });
  return `${run.stdout}${run.status === 0 ? '' : 'failed'}`;
}

const missing = spawnSync('openssl', ['version']).status !== 0;
const run = test.skipIf(missing);
const how = missing ? ' (apt-get install openssl)' : '';

run.each(loadFixtures().receipts.map((each) => [each.name, each.text, each.expected] as const))(
  `openssl and sha256sum judge the receipt %s as we do${how}`,
  (_, text, expected) => {
    const answer = check(text);
    expect(answer.includes('hash ok')).toBe(expected !== 'hash_mismatch');
    // An id is content; only the tools of the platform compare it.
    const signed = expected === 'ok' || expected === 'id_mismatch';
    expect(answer.includes('Signature Verified Successfully')).toBe(signed);
  },
);
