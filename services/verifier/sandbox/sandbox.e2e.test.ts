import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isStaleOwner } from '../scratch.ts';
import {
  bubblewrapNeeded,
  machineProbe,
  startTestVerifier,
  type TestVerifier,
} from '../testing/verifier.ts';
import { readParents } from './cgroup.ts';
import { createSandbox, NoSandboxError } from './create-sandbox.ts';
import { resolveToolchain } from './toolchain.ts';

const never = new AbortController().signal;
const WATCHED_MS = 10_000;

/** Pids of processes that sleep for exactly this long, in any namespace. */
function sleepers(mark: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8') === `sleep\0${mark}\0`;
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Control groups of a verifier, by its pid. */
function groupsOf(pid: number | undefined): string[] {
  const parents = readParents(
    readFileSync('/proc/self/cgroup', 'utf8'),
    readFileSync('/proc/self/mountinfo', 'utf8'),
  );
  return Object.values(parents)
    .flatMap((parent) => [parent, dirname(parent)])
    .filter((parent) => existsSync(parent))
    .flatMap((parent) => readdirSync(parent))
    .filter((entry) => entry.startsWith(`oa-verifier-${pid}-`));
}

async function until(condition: () => boolean, withinMs = WATCHED_MS): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (Date.now() < deadline) {
    if (condition()) return true;
    await sleep(20);
  }
  return condition();
}

describe.skipIf(bubblewrapNeeded)(`a room${bubblewrapNeeded}`, () => {
  let verifier: TestVerifier;
  beforeAll(async () => {
    verifier = await startTestVerifier();
  });
  afterAll(() => verifier[Symbol.asyncDispose]());

  it('takes what a harness left in the background along when it ends', async () => {
    const mark = `31${process.pid}`;
    const outcome = await verifier.sandbox.run(
      { command: `setsid sleep ${mark} & setsid nohup sleep ${mark} & exit 0` },
      never,
    );
    expect(outcome).toMatchObject({ exitCode: 0, ended: 'exited' });
    expect(await until(() => sleepers(mark).length === 0, 500)).toBe(true);
  });

  it('hands no open file of the verifier to a harness', async () => {
    const { output } = await verifier.sandbox.run(
      { command: 'ls /proc/self/fd | tr "\\n" " "' },
      never,
    );
    const own = Buffer.from(output.bytes).toString().trim().split(' ').map(Number);
    expect(own.filter((descriptor) => descriptor > 3 && descriptor < 10)).toEqual([]);
  });

  it('tells an end by signal, a limit and an exit apart', async () => {
    const run = (command: string, limits: object = {}) =>
      verifier.sandbox.run({ command, limits }, never);
    expect(await run('kill -9 $$')).toMatchObject({ exitCode: 137, ended: 'exited' });
    expect(await run('sleep 9', { wallMs: 200 })).toMatchObject({
      exitCode: 137,
      ended: 'timed_out',
    });
    expect(await run('yes', { outputBytes: 1_000 })).toMatchObject({
      ended: 'output_limit',
      output: { bytes: { length: 1_000 } },
    });
    expect(await run('exit 125')).toMatchObject({ exitCode: 125, ended: 'exited' });
  });

  it('says that memory was the reason, where a control group counts it', async () => {
    const hogs = `pids=
      for hog in 1 2 3 4; do
        python3 -c "x = bytearray(40 << 20); import time; time.sleep(3)" & pids="$pids $!"
      done
      for pid in $pids; do wait $pid || exit 1; done`;
    const limits = { memoryBytes: 96 * 1024 * 1024 };
    const outcome = await verifier.sandbox.run({ command: hogs, limits }, never);
    const { enforced, unenforced } = verifier.sandbox.isolation;
    if (enforced.includes('memory_total')) {
      expect(outcome).toMatchObject({ exitCode: 1, ended: 'memory_limit' });
    } else {
      expect(outcome).toMatchObject({ exitCode: 0, ended: 'exited' });
      expect(unenforced).toContain('memory_total');
    }
  });

  it('is told of its cancellation before it begins, too', async () => {
    await expect(
      verifier.sandbox.run({ command: 'true' }, AbortSignal.abort(new Error('no'))),
    ).rejects.toThrow('no');
  });

  it.each([
    ['with die_with_parent it dies when its verifier is killed', [], true],
    ['without die_with_parent it goes on', ['die_with_parent'], false],
  ] as const)('%s', async (_, without, dies) => {
    const mark = `${dies ? 32 : 33}${process.pid}`;
    const program = join(import.meta.dirname, '..', 'testing', 'sleeping-process.ts');
    const child = spawn(
      process.execPath,
      [program, join(verifier.directory, 'sleeping'), mark, ...without],
      { stdio: 'ignore' },
    );
    expect(await until(() => sleepers(mark).length > 0)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await until(() => sleepers(mark).length === 0, dies ? WATCHED_MS : 500)).toBe(dies);
    for (const pid of sleepers(mark)) process.kill(pid, 'SIGKILL');
    const { cgroups } = machineProbe.ok ? machineProbe.machine : { cgroups: null };
    expect(groupsOf(child.pid)).toHaveLength(
      cgroups?.version === 1 ? cgroups.controllers.length : cgroups ? 1 : 0,
    );
    await cgroups?.sweep(isStaleOwner);
    expect(groupsOf(child.pid)).toEqual([]);
  });
});

describe('without bubblewrap', () => {
  it('nothing runs unless somebody allowed it', () => {
    const options = {
      toolchain: resolveToolchain({}),
      scratch: '/nonexistent',
      owner: 'x',
      hostEnvironment: {},
    };
    const probe = { ok: false, reason: 'bubblewrap is not installed' } as const;
    expect(() => createSandbox(probe, { ...options, allowUnsandboxed: false })).toThrow(
      NoSandboxError,
    );
    const { isolation } = createSandbox(probe, { ...options, allowUnsandboxed: true });
    expect(isolation).toMatchObject({
      sandboxed: false,
      tool: 'none: bubblewrap is not installed',
      unenforced: expect.arrayContaining(['network_namespace']),
    });
  });

  it('time, output and the environment are bounded, and nothing is left behind', async () => {
    await using verifier = await startTestVerifier({ unsandboxed: true });
    process.env['OA_TEST_CREDENTIAL'] = 'secret';
    const run = (command: string, limits: object = {}) =>
      verifier.sandbox.run({ command, limits }, never);
    const mark = `34${process.pid}`;
    expect(await run(`sleep ${mark} & sleep 60`, { wallMs: 300 })).toMatchObject({
      ended: 'timed_out',
    });
    expect(await until(() => sleepers(mark).length === 0)).toBe(true);
    expect(await run('yes', { outputBytes: 1_000 })).toMatchObject({ ended: 'output_limit' });
    const { output } = await run('echo "got [$OA_TEST_CREDENTIAL]"');
    delete process.env['OA_TEST_CREDENTIAL'];
    expect(Buffer.from(output.bytes).toString()).toBe('got []\n');
    expect(readdirSync(verifier.scratch)).toEqual([]);
  });
});
