import { randomUUID } from 'node:crypto';
import { isAbsolute, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { Run } from '#proto/gen/types.ts';
import type { RunId } from '#proto/ids.ts';
import { ApiError } from '../../api/errors.ts';
import { unpackBundle } from '../bundle.ts';
import { type Cli, type Connection, connect } from '../cli.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { checkRunId, followRun, getRun, isTerminal } from '../follow-run.ts';
import { onInterrupt } from '../interrupt.ts';
import { type RunFlags, resolveRun } from '../run-spec.ts';
import type { Terminal } from '../terminal.ts';
import { action, collect, examples, positiveInteger } from './command.ts';

export function addRunCommand(program: Command, terminal: Terminal): void {
  program
    .command('run')
    .argument('<objective>', 'what is to be done, in a sentence')
    .description('start a run and watch it; it goes on without you')
    .option('--repo <path-or-url>', 'the repository to work on')
    .option('--ref <ref>', 'branch, tag or commit to start from (default: HEAD)')
    .option('--agent <command>', 'a script path, a command line, or codex')
    .option('--model <name>', 'the model, for agents that take one')
    .option(
      '--verify <command>',
      'a command that must pass on the patched code; repeatable',
      collect,
    )
    .option('--setup <command>', 'a command that prepares the verification; repeatable', collect)
    .addOption(
      new Option('--setup-network <network>', 'network of the setup').choices(['none', 'egress']),
    )
    .option('--worker <id>', 'the worker to run on (default: any of yours)')
    .option(
      '--attempts <n>',
      'how often the agent may try, with the verifier’s output',
      positiveInteger,
    )
    .option('--timeout <seconds>', 'end the run after this time', positiveInteger)
    .addOption(
      new Option('--approval-policy <policy>', 'when an agent that asks has to').choices([
        'on_request',
        'untrusted',
        'never',
      ]),
    )
    .addOption(
      new Option('--sandbox <mode>', 'what the agent may reach').choices([
        'read_only',
        'workspace_write',
        'full_access',
      ]),
    )
    .option(
      '--full-access',
      'let the agent out of its sandbox, where the policy allows that; journaled',
    )
    .option('--allow-dirty', 'run although the repository has changes that are not committed')
    .option('--detach', 'start the run and return')
    .option('--out <directory>', 'where the bundle is unpacked')
    .addHelpText(
      'before',
      examples(
        'oa run "make the failing test pass" --repo . --agent ./fix.sh --verify "npm test"',
        'oa run "bump the version" --repo . --agent "sed -i s/1.0/1.1/ version.txt" --detach',
        'oa run "port to Python 3" --repo . --agent codex --setup "npm ci" --setup-network egress --verify "npm test"',
      ),
    )
    .action(action(terminal, run));
}

interface Flags extends RunFlags {
  detach?: boolean;
  out?: string;
}

async function run(cli: Cli, objective: string, flags: Flags): Promise<void> {
  const connection = await connect(cli);
  const { environment, cwd } = cli.terminal;
  const { spec, notes } = await resolveRun(objective, flags, connection.config, {
    cwd,
    environment,
  });
  for (const note of notes) cli.say(cli.paintError('dim', `note: ${note}`));
  const created = await connection.api.call('runtime.run.create', {
    body: { spec },
    idempotencyKey: randomUUID(),
  });
  const runId = checkRunId(created.run_id);
  if (flags.detach) {
    if (cli.json) {
      cli.printJson('run', {
        run_id: runId,
        status: 'created',
        topic: created.topic,
        history_url: created.history_url,
      });
    } else cli.print(runId);
    cli.say(`Follow it with: ${cli.oa} runs watch ${runId}`);
    return;
  }
  cli.say(`${cli.paintError('bold', runId)}  ${objective}`);
  if (created.history_url) cli.say(cli.paintError('dim', `history: ${created.history_url}`));
  await watchToEnd(cli, connection, runId, { fromStart: true, out: flags.out, command: 'run' });
}

/** Follows a run, then says how it ended and where its bundle lies. A run that did not succeed exits with 1. */
export async function watchToEnd(
  cli: Cli,
  connection: Connection,
  runId: RunId,
  options: { fromStart: boolean; out: string | undefined; command: string },
): Promise<void> {
  const interrupt = onInterrupt();
  try {
    const how = await followRun(cli, connection, runId, {
      fromStart: options.fromStart,
      stop: interrupt.signal,
    });
    if (how === 'interrupted') {
      throw new CliError(
        EXIT.interrupted,
        `${runId} goes on without you`,
        `Pick it up with: oa runs watch ${runId}    Stop it with: oa runs cancel ${runId}`,
      );
    }
    const ended = await withFiles(connection, runId, interrupt.signal);
    const directory = ended.bundle ? await fetchBundle(cli, connection, runId, options.out) : '';
    report(cli, ended, directory, options.command);
    // How it failed has been said.
    if (ended.status !== 'succeeded') throw new CliError(EXIT.failure, '');
  } finally {
    interrupt.dispose();
  }
}

/** Replay file and bundle are derived after the run's last event; this long they are waited for. */
const FILES_WAIT_MS = 30_000;
const FILES_POLL_MS = 200;

async function withFiles(connection: Connection, runId: RunId, signal: AbortSignal): Promise<Run> {
  const deadline = Date.now() + FILES_WAIT_MS;
  for (;;) {
    const current = await getRun(connection, runId);
    const complete = isTerminal(current) && current.replay && (current.bundle || !current.patch);
    if (complete || Date.now() > deadline || signal.aborted) return current;
    await delay(FILES_POLL_MS);
  }
}

/** Downloads and unpacks a run's bundle and answers where it lies. */
export async function fetchBundle(
  cli: Cli,
  connection: Connection,
  runId: RunId,
  out: string | undefined,
): Promise<string> {
  const { dataDirectory } = connection.config;
  const directory = out ? resolve(cli.terminal.cwd, out) : join(dataDirectory, 'bundles', runId);
  try {
    const response = await connection.api.download('runtime.run.bundle', {
      params: { run_id: runId },
    });
    await unpackBundle(new Uint8Array(await response.arrayBuffer()), directory);
    return directory;
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'not_ready') throw error;
    throw new CliError(
      EXIT.conflict,
      `${runId} has no bundle yet`,
      `Try again: oa bundle ${runId}`,
    );
  }
}

function report(cli: Cli, ended: Run, directory: string, command: string): void {
  const { verdict } = ended;
  if (cli.json) {
    cli.printJson(command, {
      run_id: ended.run_id,
      status: ended.status,
      reason_class: ended.terminal_reason_class,
      reason: ended.terminal_reason,
      verdict: verdict ? { ...verdict } : null,
      receipt_id: ended.receipt_id,
      trajectory_hash: ended.trajectory_hash,
      bundle: directory,
      history_url: ended.history_url,
    });
    return;
  }
  const row = (name: string, value: string) => {
    if (value) cli.print(`${name.padEnd(8)} ${value}`);
  };
  row('run', `${ended.run_id}  ${ended.status}`);
  row('verdict', verdict ? describeVerdict(verdict) : 'none, as nothing was verified');
  row('receipt', ended.receipt_id);
  row('bundle', directory);
  row('history', ended.history_url);
  if (verdict && !verdict.sandboxed) cli.say(cli.paintError('yellow', UNSANDBOXED));
  if (directory) sayNextSteps(cli, ended, directory);
}

const UNSANDBOXED =
  'unsandboxed: the harness could reach this machine. To isolate it, install bubblewrap (apt-get install bubblewrap) and start the stack again.';

function sayNextSteps(cli: Cli, ended: Run, directory: string): void {
  const file = (name: string) => quoted(join(directory, name));
  const source = ended.spec?.repo?.source ?? '';
  const git = isAbsolute(source) ? `git -C ${quoted(source)}` : 'git';
  cli.say('\nTry next; none of it needs the stack:');
  for (const command of [
    `${cli.oa} receipts verify ${file('RECEIPT.json')} --jwks ${file('keys.json')}`,
    `${cli.oa} replay ${file('REPLAY.jsonl')}`,
    `${git} apply ${file('patch.diff')}`,
  ]) {
    cli.say(`  ${command}`);
  }
}

function quoted(path: string): string {
  return /^[\w./@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

export function describeVerdict(verdict: NonNullable<Run['verdict']>): string {
  const parts = [verdict.verdict, `tier ${verdict.tier}`, verdict.strength];
  if (!verdict.sandboxed) parts.push('unsandboxed');
  return parts.filter(Boolean).join(', ');
}
