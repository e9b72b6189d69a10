import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { StackProcess } from './stack-process.ts';

/** `oa` as a person calls it: the launcher, a process of its own, on a stack's addresses. */
export interface Oa {
  run(...args: string[]): Promise<{ code: number; out: string; err: string }>;
  start(...args: string[]): { child: ChildProcess; output(): string };
  login(email: string): Promise<void>;
}

const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'oa');

export function oaOf(
  stack: StackProcess,
  cwd: string,
  controlUrl = stack.state().addresses['control'] ?? '',
): Oa {
  const env = { ...stack.env, OA_CONTROL_URL: controlUrl };

  async function run(...args: string[]) {
    return new Promise<{ code: number; out: string; err: string }>((resolve) => {
      execFile(LAUNCHER, args, { cwd, env }, (error, out, err) => {
        resolve({ code: error ? Number(error.code) : 0, out, err });
      });
    });
  }

  return {
    run,
    start(...args) {
      const child = spawn(LAUNCHER, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk) => {
          output += chunk;
        });
      }
      return { child, output: () => output };
    },
    async login(email) {
      const { out } = await run('login', '--email', email, '--no-input');
      const log = join(stack.directory, 'data', 'logs', 'control.log');
      const code = await eventually(
        () =>
          [
            ...readFileSync(log, 'utf8').matchAll(
              new RegExp(`login code for ${email}: ([0-9-]+)`, 'g'),
            ),
          ].at(-1)?.[1],
      );
      const verified = await run('login', '--challenge', out.trim(), '--code', code);
      if (verified.code !== 0) throw new Error(verified.err);
    },
  };
}

const POLL_MS = 50;
const DEADLINE_MS = 60_000;

export async function eventually<T>(
  look: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error('it never came to that');
    await delay(POLL_MS);
  }
}

export async function killed(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const exit = once(child, 'exit');
  child.kill(signal);
  const [code] = await exit;
  return code;
}

/** A repository whose test fails until `value.txt` says 42. */
export function repositoryWithBug(directory: string): string {
  mkdirSync(directory, { recursive: true });
  executable(join(directory, 'test.sh'), 'test "$(cat value.txt)" = 42');
  writeFileSync(join(directory, 'value.txt'), '41\n');
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.invalid'];
  for (const args of [
    ['init', '-q', '-b', 'main'],
    ['add', '-A'],
    [...identity, 'commit', '-qm', 'a bug'],
  ]) {
    execFileSync('git', args, { cwd: directory });
  }
  return directory;
}

export function executable(path: string, body: string): string {
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}
