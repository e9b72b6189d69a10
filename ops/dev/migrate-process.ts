import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { DatabasePasswords } from './keys.ts';

/** Runs the migrations of both planes in a process of their own, as a deploy would. */
export function migrateDatabase(adminUrl: string, passwords: DatabasePasswords): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'migrate.ts')], {
    env: {
      ...process.env,
      DATABASE_URL: adminUrl,
      OA_ROLE_PASSWORDS: JSON.stringify(passwords),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => output.push(String(chunk)));
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`the migrations failed:\n${output.join('')}`));
    });
  });
}
