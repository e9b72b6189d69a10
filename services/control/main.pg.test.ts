import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { startTestControl } from './testing/control-process.ts';

const MAIN = join(import.meta.dirname, 'main.ts');

function start(env: Record<string, string>) {
  const child = spawn(process.execPath, [MAIN], { env: { PATH: process.env['PATH'], ...env } });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  const exited = once(child, 'exit').then(([code]) => Number(code));
  return { child, output, exited };
}

test('without settings the process names every one that it needs and ends with 78', async () => {
  const { output, exited } = start({});
  expect(await exited).toBe(78);
  for (const name of ['CONTROL_DATABASE_URL', 'RUNTIME_URL', 'OA_SERVICE_KEY_FILE']) {
    expect(output.stderr).toContain(name);
  }
});

test('the process prints the login code as one plain line, and stops cleanly', async () => {
  await using control = await startTestControl();
  const { child, output, exited } = start({ ...control.settings, OA_LOG_LEVEL: 'info' });
  const url = await vi.waitFor(() => {
    const line = /"url":"([^"]+)"/.exec(output.stdout);
    if (!line?.[1]) throw new Error(`not listening yet: ${output.stderr}`);
    return line[1];
  }, 10_000);
  expect((await (await fetch(`${url}/readyz`)).json()) as object).toMatchObject({ ready: true });
  await fetch(`${url}/api/auth/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'ada@example.com' }),
  });
  expect(output.stdout.split('\n')).toContainEqual(
    expect.stringMatching(/^login code for ada@example\.com: \d{3}-\d{3} \(valid 10 minutes\)$/),
  );
  child.kill('SIGTERM');
  expect(await exited).toBe(0);
});
