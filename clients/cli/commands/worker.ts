import { resolve } from 'node:path';
import type { Command } from 'commander';
import { isId } from '#proto/ids.ts';
import { composeHost } from '../../agent-host/compose.ts';
import { runHost } from '../../agent-host/host.ts';
import type { HostEnd } from '../../agent-host/host-end.ts';
import { LockHeldError } from '../../api/process-lock.ts';
import { type Cli, connect } from '../cli.ts';
import { type CodexFlags, codexSettings } from '../codex-settings.ts';
import { CliError, EXIT, usageError } from '../exit-codes.ts';
import { onInterrupt } from '../interrupt.ts';
import { openKhala, openWatermarks } from '../live.ts';
import { defaultWorkerName } from '../run-spec.ts';
import { type Terminal, table } from '../terminal.ts';
import { action, collect, examples, keyValue, positiveInteger } from './command.ts';

/** Agents share the machine; two at once keep both cores of a small one busy. */
const TURNS_AT_ONCE = 2;

export function addWorkerCommands(program: Command, terminal: Terminal): void {
  const worker = program.command('worker').description('run agents on this machine');
  worker
    .command('start')
    .description('register this machine as a worker and run agents until Ctrl-C')
    .requiredOption('--root <directory>', 'agents may only work on repositories below it')
    .option('--name <name>', 'a name for people (default: that of the directory)')
    .option('--label <key=value>', 'a label that runs can select; repeatable', keyValue)
    .option('--turns <n>', 'agents at the same time', positiveInteger, TURNS_AT_ONCE)
    .option('--pass-env <name>', 'a variable that agents may see; repeatable', collect)
    .option('--codex <path>', 'the Codex binary (default: the installed one, then the PATH)')
    .option('--codex-url <url>', 'a server that speaks the Responses API, in the place of OpenAI’s')
    .option('--codex-model <name>', 'the model of runs that name none')
    .addHelpText(
      'before',
      examples(
        'oa worker start --root .',
        'oa worker start --root ~/src --label gpu=none --name laptop',
      ),
    )
    .action(action(terminal, start));
  worker
    .command('ls')
    .description('your workers and whether they are alive')
    .action(action(terminal, list));
  worker
    .command('stop')
    .argument('<worker-id>')
    .description('stop a worker, wherever it runs')
    .option('--reason <text>', 'why', 'stopped from the command line')
    .action(action(terminal, stop));
}

interface StartFlags {
  root: string;
  name?: string;
  label?: Record<string, string>;
  turns: number;
  passEnv?: string[];
}

type Flags = StartFlags & CodexFlags;

async function start(cli: Cli, flags: Flags): Promise<void> {
  const connection = await connect(cli);
  // Said before anything is set up, not by the first refused request.
  await connection.api.session.accessToken();
  const name = flags.name ?? defaultWorkerName(resolve(cli.terminal.cwd, flags.root));
  const log = {
    info: (message: string) => cli.say(message),
    warn: (message: string) => cli.say(cli.paintError('yellow', message)),
  };
  const host = await composeHost({
    ...connection,
    configDirectory: connection.config.configDirectory,
    dataDirectory: connection.config.dataDirectory,
    watermarks: await openWatermarks(connection, 'agent-host'),
    openKhala: (store, onState) => openKhala(connection, store, 'agent_host', onState),
    environment: cli.terminal.environment,
    passEnvironment: flags.passEnv ?? [],
    root: resolve(cli.terminal.cwd, flags.root),
    name,
    codex: codexSettings(flags, cli.terminal.environment),
    log,
  }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw usageError(`--root ${flags.root}: there is no such directory`);
    }
    throw error;
  });
  if (!host.sandbox.bubblewrap) {
    log.warn(
      'bubblewrap is not usable here, so agents run unsandboxed. Install `bubblewrap` to change that.',
    );
  }
  const interrupt = onInterrupt();
  try {
    const end = await runHost(
      host.deps,
      {
        directory: host.directory,
        root: host.root,
        name,
        labels: flags.label ?? {},
        turnsMax: flags.turns,
        onReady(workerId) {
          if (cli.json) cli.printJson('worker.start', { worker_id: workerId, root: host.root });
          else cli.print(workerId);
          cli.say(`Worker ${name} takes runs below ${host.root}. Ctrl-C stops it.`);
        },
      },
      interrupt.signal,
    );
    const code = exitCodeOfEnd(end);
    if (code !== EXIT.ok) throw new CliError(code, `the worker ended: ${end.reason}`, hintOf(end));
    cli.say(`The worker ended: ${end.reason}.`);
  } catch (error) {
    if (!(error instanceof LockHeldError)) throw error;
    throw new CliError(
      EXIT.conflict,
      `this worker already runs here, as process ${error.holder?.pid ?? '?'}`,
      'Give the second one another --name.',
    );
  } finally {
    interrupt.dispose();
  }
}

function exitCodeOfEnd(end: HostEnd) {
  switch (end.kind) {
    case 'stopped':
      return EXIT.ok;
    case 'unauthorized':
      return EXIT.auth;
    case 'superseded':
      return EXIT.conflict;
    case 'failed':
      return EXIT.failure;
  }
}

function hintOf(end: HostEnd): string {
  return end.kind === 'unauthorized' ? 'Run `oa login` and start the worker again.' : '';
}

async function list(cli: Cli): Promise<void> {
  const { api } = await connect(cli);
  const { workers } = await api.call('runtime.worker.list');
  if (cli.json) {
    cli.printJson('worker.ls', { workers: JSON.parse(JSON.stringify(workers)) });
    return;
  }
  if (workers.length === 0) {
    cli.say(`No workers yet. Start one with \`${cli.oa} worker start --root .\`.`);
    return;
  }
  const rows = workers.map((worker) => [
    worker.worker_id,
    worker.status,
    worker.heartbeat_state,
    String(worker.metadata?.['name'] ?? ''),
    worker.workspace_ref,
  ]);
  cli.print(table(['WORKER', 'STATUS', 'HEARTBEAT', 'NAME', 'ROOT'], rows));
}

async function stop(cli: Cli, workerId: string, flags: { reason: string }): Promise<void> {
  if (!isId('worker', workerId)) throw usageError(`${workerId} is not a worker id`);
  const { api } = await connect(cli);
  const { worker } = await api.call('runtime.worker.stop', {
    params: { worker_id: workerId },
    body: { reason: flags.reason },
  });
  if (cli.json) cli.printJson('worker.stop', { worker_id: workerId, status: worker?.status ?? '' });
  else cli.say(`${workerId} is ${worker?.status}.`);
}
