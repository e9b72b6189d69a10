import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { type Command, CommanderError } from 'commander';
import { createProgram } from '#clients/cli/program.ts';
import type { Call } from './shell.ts';

/** What a document may call without more words: in every POSIX system, or named as needed where the document begins. */
const PROGRAMS = ['git', 'node', 'npx', 'sh', 'curl', 'pg_dump', 'psql', 'temporal'];

/** npm's own commands; all others need `npm run`. */
const NPM = ['ci', 'test', 'start', 'run', 'install'];

/** Why a call cannot work as it stands, or undefined. Nothing is executed. */
export async function faultOf(
  call: Call,
  surroundings: { root: string; scripts: Readonly<Record<string, string>> },
): Promise<string | undefined> {
  const { root, scripts } = surroundings;
  const { program, words } = call;
  const [first = '', second = ''] = words;
  switch (program) {
    case './bin/oa':
    case 'oa':
      return faultOfOa(words);
    case 'npm': {
      if (!NPM.includes(first)) return `npm ${first} is no command that is used here`;
      const script = first === 'run' ? second : first;
      const needsScript = first !== 'ci' && first !== 'install';
      return needsScript && !(script in scripts) ? `there is no script ${script}` : undefined;
    }
    case 'node':
      return existsSync(join(root, first)) ? undefined : `there is no file ${first}`;
    case 'npx':
      return existsSync(join(root, 'node_modules', '.bin', first))
        ? undefined
        : `${first} is not installed`;
    default:
      return PROGRAMS.includes(program) ? undefined : `${program} is not a known program`;
  }
}

/** Parses the words as the command line would, with every action replaced by nothing. */
async function faultOfOa(words: string[]): Promise<string | undefined> {
  const said = new PassThrough();
  const program = createProgram({
    out: said,
    err: said,
    in: new PassThrough(),
    environment: {},
    cwd: '/',
  });
  const reached: string[] = [];
  disarm(program, reached);
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) return error.message;
    reached.push('help');
  }
  return reached.length === 1 ? undefined : `oa ${words.join(' ')} names no command`;
}

function disarm(command: Command, reached: string[]): void {
  command.exitOverride();
  for (const sub of command.commands) {
    disarm(sub, reached);
    // A group of commands has no action of its own and answers with its help.
    if (sub.commands.length === 0) sub.action(() => void reached.push(sub.name()));
  }
}
