import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { processesOf } from '#clients/agent-host/testing/left-behind.ts';
import { stackDirectory } from '../testing/stack-process.ts';
import {
  canMakeTerminals,
  type DemoProcess,
  onTerminal,
  ROOT,
  startDemo,
  withoutBubblewrap,
} from './run-demo.ts';

const PARTS = ['postgres', 'temporal', 'control', 'runtime', 'khala', 'worker', 'verifier'];

let directory: string;
let demo: DemoProcess;

function own(wrap?: (command: string[]) => string[]) {
  beforeAll(async () => {
    directory = await stackDirectory();
    demo = startDemo(directory, wrap);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
}

function expectNothingLeft(): void {
  expect(processesOf(directory)).toEqual([]);
  for (const file of ['stack.lock', 'stack.json', 'postgres/postmaster.pid']) {
    expect(existsSync(join(directory, 'data', file))).toBe(false);
  }
}

const bundle = (file: string) => join(directory, 'data', 'demo', 'bundle', file);

describe('npm run demo, without a terminal', () => {
  own();

  test('ends well by itself and leaves no process and no lock', async () => {
    expect([await demo.ended, demo.screen()]).toEqual([0, expect.any(String)]);
    expectNothingLeft();
  });

  test('shows each part with its state and address, and the run by phase up to its verdict', () => {
    for (const part of PARTS) {
      expect(demo.screen()).toMatch(new RegExp(`${part} +ready +(http://)?127\\.0\\.0\\.1:\\d+`));
    }
    const phases = ['created', 'running', 'executing', 'verifying', 'succeeded'];
    const shown = [...demo.screen().matchAll(/^● (\w+)/gm)].map(([, phase]) => phase);
    expect(shown).toEqual(phases);
    expect(demo.screen()).toMatch(/^ {2}│ ✖ a line counts as often as its quantity says/m);
    expect(demo.screen()).toMatch(/^verdict +accepted, tier O, fail_to_pass(, unsandboxed)?$/m);
    expect(demo.screen()).toMatch(/^receipt +rr_[0-9a-f]{24}$/m);
    expect(demo.screen()).toContain(`bundle   ${bundle('').replace(/\/$/, '')}\n`);
    expect(demo.screen()).toMatch(/^history +http:\/\/\S+\/workflows\/run%2Frun_\w+$/m);
    expect(demo.screen()).not.toMatch(/warn|deprecat/i);
  });

  test('the three commands to try next work as they are printed, without the stack', () => {
    const commands = demo.screen().split('Try next').at(1)?.trim().split('\n').slice(1) ?? [];
    expect(commands).toHaveLength(3);
    const said = commands.map((command) =>
      execFileSync('sh', ['-c', command], { cwd: ROOT, encoding: 'utf8' }),
    );
    expect(said[0]).toMatch(/^rr_\w+ holds: .*\nvr_\w+ holds/);
    expect(said[1]).toMatch(/^run_\w+ holds: \d+ events, created → running → succeeded\n/);
    const repaired = join(directory, 'data', 'demo', 'basket');
    expect(spawnSync('node', ['--test'], { cwd: repaired }).status).toBe(0);
  });

  test('the patch applies to a fresh clone', () => {
    const clone = join(directory, 'clone');
    execFileSync('git', ['clone', '-q', join(directory, 'data', 'demo', 'basket'), clone]);
    execFileSync('git', ['apply', '--check', bundle('patch.diff')], { cwd: clone });
  });

  const TAMPERED = [
    ['nothing', 'keys.json', (text: string) => text],
    ['the verdict', 'RECEIPT.json', (text: string) => text.replace('fail_to_pass', 'f2p')],
    ['the signature', 'RECEIPT.json', (text: string) => text.replace(/\.\.(.{8})/, '..AAAAAAAA')],
    ['the patch', 'patch.diff', (text: string) => text.replace('quantity', 'quality')],
    ['the replay', 'REPLAY.jsonl', (text: string) => text.replace('"turn":1', '"turn":2')],
  ] as const;

  test.each(TAMPERED)(
    'whoever changes %s is found out, by oa and by openssl',
    (what, file, edit) => {
      const copy = join(directory, `without-${what.replace('the ', '')}`);
      cpSync(bundle(''), copy, { recursive: true });
      const before = readFileSync(join(copy, file), 'utf8');
      writeFileSync(join(copy, file), edit(before));
      expect(edit(before) === before).toBe(what === 'nothing');

      const oa = (...args: string[]) =>
        spawnSync(join(ROOT, 'bin', 'oa'), args, { cwd: copy }).status;
      const receiptBad = file === 'RECEIPT.json';
      expect(oa('receipts', 'verify', 'RECEIPT.json', '--jwks', 'keys.json')).toBe(
        receiptBad ? 1 : 0,
      );
      expect(oa('replay', 'REPLAY.jsonl')).toBe(what === 'the replay' ? 1 : 0);

      const { stdout } = spawnSync('sh', ['-c', shellCheck()], { cwd: copy, encoding: 'utf8' });
      expect(stdout.includes('hash ok')).toBe(what !== 'the verdict');
      expect(stdout.includes('patch ok')).toBe(what !== 'the patch');
      expect(stdout.includes('Signature Verified Successfully')).toBe(!receiptBad);
    },
  );
});

/** The block of the README, word for word. */
function shellCheck(): string {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const section = readme.split('## Check a receipt without us').at(1) ?? '';
  const block = [...section.matchAll(/```sh\n([\s\S]*?)```/g)]
    .map(([, text = '']) => text)
    .find((text) => text.includes('openssl'));
  if (!block) throw new Error('the README has no block that calls openssl');
  return block;
}

describe.skipIf(!canMakeTerminals())('npm run demo, on a terminal and without bubblewrap', () => {
  own((command) => onTerminal(withoutBubblewrap(command)));

  test('ends well; screen, run and receipt say unsandboxed and how to change that', async () => {
    await expect.poll(() => demo.screen(), { timeout: 60_000 }).toContain('stays up until Ctrl-C');
    expect(demo.screen()).toMatch(/^verdict +accepted, tier O, fail_to_pass, unsandboxed$/m);
    expect(demo.screen()).toContain('install bubblewrap');
    const { body } = JSON.parse(readFileSync(bundle('RECEIPT.json'), 'utf8'));
    expect(body.isolation).toBe('unsandboxed');
    expect(body.verification[0].isolation).toMatchObject({
      sandboxed: false,
      tool: expect.stringMatching(/^none: bubblewrap /),
    });
  });

  test('the stack stays up until Ctrl-C, which leaves nothing behind', async () => {
    const history = /^history +(\S+)$/m.exec(demo.screen())?.[1] ?? '';
    expect((await fetch(history)).status).toBe(200);
    const command = /in another terminal: (.+)$/m.exec(demo.screen())?.[1] ?? '';
    const listed = execFileSync('sh', ['-c', command], {
      cwd: ROOT,
      encoding: 'utf8',
      env: {
        ...process.env,
        OA_CONFIG_HOME: join(directory, 'config'),
        OA_DATA_HOME: join(directory, 'home'),
      },
    });
    expect(listed).toMatch(/run_\w+ +succeeded +accepted/);
    demo.type('\u0003');
    // npm tells how it was ended, whatever its script says.
    expect([0, 130]).toContain(await demo.ended);
    await expect.poll(() => processesOf(directory), { timeout: 20_000 }).toEqual([]);
    expectNothingLeft();
    // npm may be gone, and the terminal with it, before the last line is written.
    expect(demo.screen()).toMatch(/Stopping…\s*(Stopped\.\s*)?$/);
  });
});
