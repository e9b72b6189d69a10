import { Command } from 'commander';
import { examples } from './commands/command.ts';
import { addCompletionCommand } from './commands/completion.ts';
import { addEvidenceCommands } from './commands/evidence.ts';
import { addKhalaCommands } from './commands/khala.ts';
import { addReprojectCommand } from './commands/reproject.ts';
import { addRunCommand } from './commands/run.ts';
import { addRunsCommands } from './commands/runs.ts';
import { addSessionCommands } from './commands/session.ts';
import { addStackCommands } from './commands/stack.ts';
import { addThreadCommands } from './commands/threads.ts';
import { addWorkerCommands } from './commands/worker.ts';
import type { Terminal } from './terminal.ts';

const EXIT_CODES = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 not logged in or not allowed, 5 conflict,
            6 this build is too old, 130 interrupted.
Settings:   flags, then OA_CONTROL_URL and OA_WORKER, then .openagents.json of the project, then
            config.json in OA_CONFIG_HOME (default: ~/.config/openagents).`;

export function createProgram(terminal: Terminal): Command {
  const program = new Command('oa')
    .description('Run coding agents durably, verify them independently, see every step.')
    .option('--json', 'data as JSON, with a versioned schema')
    .option('--no-input', 'ask nothing; name the flag that is missing instead')
    .option('--control <url>', 'the control service (default: http://127.0.0.1:8787)')
    .version('0.1.0', '--version', 'print the version')
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void terminal.out.write(text),
      writeErr: (text) => void terminal.err.write(text),
    })
    .exitOverride()
    .addHelpText(
      'before',
      examples(
        'oa login',
        'oa worker start --root .',
        'oa run "make the failing test pass" --repo . --agent ./fix.sh --verify "npm test"',
        'oa runs watch RUN_ID',
      ),
    )
    .addHelpText('after', EXIT_CODES);
  addRunCommand(program, terminal);
  addRunsCommands(program, terminal);
  addWorkerCommands(program, terminal);
  addThreadCommands(program, terminal);
  addEvidenceCommands(program, terminal);
  addKhalaCommands(program, terminal);
  addReprojectCommand(program, terminal);
  addSessionCommands(program, terminal);
  addStackCommands(program, terminal);
  addCompletionCommand(program, terminal);
  return program;
}
