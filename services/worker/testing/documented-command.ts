import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporalCli } from '#ops/dev/temporal-cli.ts';
import { callsOf } from '#ops/docs/shell.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const execute = promisify(execFile);

/** Runs a command of a document word for word, with values in the place of its capitals; what it printed. */
export type RunDocumented = (command: string, values?: Record<string, string>) => Promise<string>;

/** For the commands of `temporal` in a document, on a server and in a namespace of the test's own. */
export async function documentedCommands(
  path: string,
  server: { address: string; namespace: string },
): Promise<RunDocumented> {
  const [document, cli] = await Promise.all([
    readFile(join(ROOT, path), 'utf8'),
    temporalCli(join(ROOT, '.cache')),
  ]);
  return async function runDocumented(command, values = {}) {
    if (!document.includes(`\n${command}\n`)) throw new Error(`${path} has no line ${command}`);
    const [call] = callsOf(command);
    if (call?.program !== 'temporal') throw new Error(`${command} is no command of temporal`);
    const words = call.words.map((word) =>
      Object.entries(values).reduce((text, [name, value]) => text.replace(name, value), word),
    );
    const where = ['--address', server.address, '--namespace', server.namespace];
    const { stdout } = await execute(cli.path, [...words, ...where]);
    return stdout;
  };
}
