import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import { ApiError } from '../../api/errors.ts';
import { type Cli, connect } from '../cli.ts';
import { CliError, EXIT, type ExitCode } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';
import { action, examples } from './command.ts';

/** The scripts of the local stack; the stack itself lives in `ops/dev`, which nothing imports. */
const SCRIPTS = {
  up: ['start.ts', 'start the local stack in this terminal, until Ctrl-C'],
  down: ['stop.ts', 'stop the local stack that runs here'],
  reset: ['reset.ts', 'wipe the data of the local stack, after asking'],
  doctor: ['doctor.ts', 'check this machine and the local stack, and say what is wrong'],
} as const;

export function addStackCommands(program: Command, terminal: Terminal): void {
  for (const [name, [script, description]] of Object.entries(SCRIPTS)) {
    program
      .command(name)
      .description(description)
      .allowUnknownOption()
      .argument('[options...]', 'passed on')
      .action(action(terminal, (cli, options: string[]) => runScript(cli, script, options)));
  }
  program
    .command('status')
    .description('whether the platform answers, and each of its parts')
    .addHelpText('before', examples('oa status', 'oa status --json'))
    .action(action(terminal, status));
}

async function runScript(cli: Cli, script: string, options: string[]): Promise<void> {
  const path = new URL(`../../../ops/dev/${script}`, import.meta.url).pathname;
  const child = spawn(process.execPath, [path, ...options, ...(cli.json ? ['--json'] : [])], {
    stdio: 'inherit',
    cwd: new URL('../../..', import.meta.url).pathname,
  });
  // The terminal signals the whole group; the script decides how it ends.
  const ignore = () => undefined;
  process.on('SIGINT', ignore);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (exitCode, signal) =>
      resolve(exitCode ?? (signal === 'SIGINT' ? EXIT.interrupted : EXIT.failure)),
    );
  });
  process.off('SIGINT', ignore);
  if (code !== 0)
    throw new CliError((code === EXIT.interrupted ? code : EXIT.failure) as ExitCode, '');
}

async function status(cli: Cli): Promise<void> {
  const { api, config } = await connect(cli);
  const endpoints = await api.endpoints().catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.kind !== 'Network') throw error;
    throw new CliError(
      EXIT.failure,
      `${config.control_url} does not answer`,
      'Start the stack with `npm start`.',
    );
  });
  const parts = [
    { part: 'control', url: config.control_url },
    { part: 'runtime', url: endpoints.runtime_url || `${config.control_url}/api/runtime` },
    { part: 'khala', url: httpOf(endpoints.khala_url) },
  ];
  const states = await Promise.all(
    parts.map(async ({ part, url }) => ({ part, url, state: await readiness(url) })),
  );
  const session = await api.session.load();
  if (cli.json) {
    cli.printJson('status', { parts: states, logged_in_as: session?.email ?? null });
  } else {
    for (const { part, url, state } of states) {
      const mark = state === 'ready' ? cli.paint('green', '●') : cli.paint('red', '●');
      cli.print(`${mark} ${part.padEnd(8)} ${state.padEnd(12)} ${url}`);
    }
    cli.say(session ? `Logged in as ${session.email}.` : `Not logged in. Run \`${cli.oa} login\`.`);
  }
  if (states.some(({ state }) => state !== 'ready'))
    throw new CliError(EXIT.failure, 'not everything is ready');
}

/** A part that does not answer soon is as good as down to whoever asks. */
const READY_TIMEOUT_MS = 3_000;

async function readiness(url: string): Promise<string> {
  try {
    const answer = await fetch(new URL('/readyz', url), {
      signal: AbortSignal.timeout(READY_TIMEOUT_MS),
    });
    return answer.ok ? 'ready' : `HTTP ${answer.status}`;
  } catch {
    return 'unreachable';
  }
}

function httpOf(socketUrl: string): string {
  return socketUrl.replace(/^ws/, 'http');
}
