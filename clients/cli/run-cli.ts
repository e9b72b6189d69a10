import { CommanderError } from 'commander';
import { ApiError } from '../api/errors.ts';
import { spellOut } from './called-as.ts';
import { CliError, EXIT, type ExitCode, exitCodeOf } from './exit-codes.ts';
import { createProgram } from './program.ts';
import { paintFor, type Terminal } from './terminal.ts';

/** Runs one command line and answers its exit code; every failure has been said. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  try {
    await createProgram(terminal).parseAsync([...argv], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version are answers; commander has said whatever else is wrong.
      return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    }
    explain(error, argv.includes('--json'), terminal);
    return exitCodeOf(error);
  }
}

function explain(error: unknown, json: boolean, terminal: Terminal): void {
  const paint = paintFor(terminal.err, terminal.environment);
  const message = error instanceof Error ? error.message : String(error);
  if (message === '') return;
  const say = (text: string) => void terminal.err.write(`${text}\n`);
  if (json) {
    say(JSON.stringify({ schema: 'openagents.cli.error.v1', ...describe(error, message) }));
    return;
  }
  say(`${paint('red', 'oa:')} ${spellOut(message, terminal.environment)}`);
  if (error instanceof ApiError) {
    for (const { path, reason } of error.faults) say(`  ${path}: ${reason}`);
    if (error.requestId) say(paint('dim', `  request ${error.requestId}`));
  }
  const hint = error instanceof CliError ? error.hint : hintFor(error);
  if (hint) say(spellOut(hint, terminal.environment));
}

function describe(error: unknown, message: string) {
  const api = error instanceof ApiError ? error : undefined;
  return {
    message,
    exit_code: exitCodeOf(error),
    hint: error instanceof CliError ? error.hint : hintFor(error),
    kind: api?.kind ?? (error instanceof CliError ? 'Cli' : 'Unknown'),
    code: api?.code ?? '',
    errors: api?.faults ?? [],
    request_id: api?.requestId ?? '',
  };
}

function hintFor(error: unknown): string {
  if (!(error instanceof ApiError)) return '';
  switch (error.kind) {
    case 'Unauthorized':
      return 'Run `oa login`.';
    case 'Network':
      return 'Is the stack running? `npm start` starts it, `oa doctor` checks it.';
    case 'Unsupported':
      return error.status === 426 ? 'Update this checkout.' : '';
    default:
      return '';
  }
}
