import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  removeStack,
  type StackProcess,
  stackDirectory,
  startStackProcess,
} from '../testing/stack-process.ts';
import { isAlive, type ProcessIdentity } from './process-table.ts';

const run = promisify(execFile);
const script = (name: string) => join(import.meta.dirname, name);

describe('the local stack', () => {
  let stack: StackProcess;

  beforeAll(async () => {
    stack = await startStackProcess(await stackDirectory());
  });
  afterAll(() => removeStack(stack));

  const execute = (name: string, ...args: string[]) =>
    run(process.execPath, [script(name), ...args], { env: stack.env }).then(
      ({ stdout }) => ({ code: 0, text: stdout }),
      (error) => ({ code: Number(error.code), text: `${error.stdout}${error.stderr}` }),
    );

  test('names every part with its state and address', () => {
    for (const part of [
      'postgres',
      'temporal',
      'control',
      'runtime',
      'khala',
      'worker',
      'verifier',
    ]) {
      expect(stack.output()).toMatch(new RegExp(`${part} +ready +\\S+:\\d+`));
    }
  });

  test('runs every part as a process of its own', () => {
    const pids = Object.values(stack.state().parts).map((part) => part.pid);
    expect(new Set(pids).size).toBe(7);
  });

  test('a second start says that one is running and where', async () => {
    const { code, text } = await execute('start.ts');
    expect(code).toBe(1);
    expect(text).toContain('A stack is already running here');
    expect(text).toContain(stack.state().addresses['control']);
  });

  test('a port that is taken is named with its owner', async () => {
    const control = new URL(stack.state().addresses['control'] ?? '').port;
    const env = {
      ...stack.env,
      OA_DATA_DIR: join(stack.directory, 'other'),
      CONTROL_PORT: control,
    };
    const failure = await run(process.execPath, [script('start.ts')], { env }).catch(
      (error) => error,
    );
    expect(failure.code).toBe(1);
    expect(failure.stderr).toContain(`port ${control} (control) is taken by pid`);
  });

  test('reset refuses while the stack runs', async () => {
    const { code, text } = await execute('reset.ts', '--yes');
    expect(code).toBe(1);
    expect(text).toContain('stop it first');
  });

  test('the doctor finds every service ready', async () => {
    const { code, text } = await execute('doctor.ts', '--json');
    expect(
      JSON.parse(text).findings.filter((one: { state: string }) => one.state === 'broken'),
    ).toEqual([]);
    expect(code).toBe(0);
  });

  test('a service that is killed comes back and the others stay', async () => {
    const before = stack.state().parts;
    process.kill(before['khala']?.pid ?? 0, 'SIGKILL');
    await expect
      .poll(() => stack.state().parts['khala']?.pid, { timeout: 20_000 })
      .not.toBe(before['khala']?.pid);
    await expect
      .poll(async () => (await execute('doctor.ts', '--json')).code, { timeout: 20_000 })
      .toBe(0);
    expect(stack.state().parts['runtime']).toEqual(before['runtime']);
  });

  test('Ctrl-C leaves no process and no lock behind, and the data survives', async () => {
    const parts: ProcessIdentity[] = Object.values(stack.state().parts);
    const env = stack.env;
    expect(await stack.stop('SIGINT')).toBe(0);
    expect(parts.filter(isAlive)).toEqual([]);
    expect(existsSync(join(env['OA_DATA_DIR'] ?? '', 'stack.lock'))).toBe(false);
    expect(existsSync(join(env['OA_DATA_DIR'] ?? '', 'postgres', 'PG_VERSION'))).toBe(true);
  });

  test('after a kill -9 of the supervisor the next start cleans up', async () => {
    stack = await startStackProcess(stack.directory);
    const parts: ProcessIdentity[] = Object.values(stack.state().parts);
    await stack.stop('SIGKILL');
    stack = await startStackProcess(stack.directory);
    expect(parts.filter(isAlive)).toEqual([]);
    expect(await stack.stop()).toBe(0);
  });
});
