import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codexNeeded } from '#clients/agent-host/drivers/codex/testing/codex-turns.ts';
import { processesOf } from '#clients/agent-host/testing/left-behind.ts';
import { stackDirectory } from '../testing/stack-process.ts';
import { type DemoProcess, startDemo } from './run-demo.ts';

describe.skipIf(codexNeeded)(`npm run demo -- --agent codex --offline${codexNeeded}`, () => {
  let directory: string;
  let demo: DemoProcess;
  beforeAll(async () => {
    directory = await stackDirectory();
    // Commands run in a login shell: what the person's own does at its start is no part of the test.
    const HOME = join(directory, 'person');
    mkdirSync(HOME);
    demo = startDemo(directory, undefined, ['--agent', 'codex', '--offline'], { HOME });
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test('the real Codex repairs the test by a patch, accepted with a receipt, and nothing is left', async () => {
    expect([await demo.ended, demo.screen()]).toEqual([0, expect.any(String)]);
    expect(demo.screen()).toMatch(/^ {2}plan: Quantities are ignored/m);
    expect(demo.screen()).toMatch(/^ {2}\$ update src\/basket\.js$/m);
    expect(demo.screen()).toMatch(/^ {2}» The total counts each line/m);
    expect(demo.screen()).toMatch(/^ {2}used 400 tokens in \(160 cached\), 80 out$/m);
    expect(demo.screen()).toMatch(/^verdict +accepted, tier O, fail_to_pass(, unsandboxed)?$/m);
    expect(demo.screen()).toMatch(/^receipt +rr_[0-9a-f]{24}$/m);
    expect(processesOf(directory)).toEqual([]);
  });
});
