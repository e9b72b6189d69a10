import { type Command, Option } from 'commander';
import { RUN_STATUS_TEXTS, type Run } from '#proto/gen/types.ts';
import { type Cli, connect } from '../cli.ts';
import { usageError } from '../exit-codes.ts';
import { checkRunId, getRun } from '../follow-run.ts';
import { oneLine, type Terminal, table } from '../terminal.ts';
import { addApprovalCommands } from './approvals.ts';
import { action, examples, positiveInteger } from './command.ts';
import { addConversationCommands } from './conversation.ts';
import { describeVerdict, fetchBundle, watchToEnd } from './run.ts';

export function addRunsCommands(program: Command, terminal: Terminal): void {
  const runs = program.command('runs').description('look at runs and act on them');
  runs
    .command('ls')
    .description('your runs, newest first')
    .addOption(new Option('--status <status>', 'only runs in this state').choices(RUN_STATUS_TEXTS))
    .option('--limit <n>', 'how many', positiveInteger, 20)
    .option('--cursor <cursor>', 'continue a page')
    .addHelpText('before', examples('oa runs ls', 'oa runs ls --status running --json'))
    .action(action(terminal, list));
  runs
    .command('show')
    .argument('<run-id>')
    .description('one run: state, verdict, receipt, limits')
    .action(action(terminal, show));
  runs
    .command('watch')
    .argument('<run-id>')
    .description('follow a run from where you stopped watching')
    .option('--from-start', 'show everything again')
    .option('--out <directory>', 'where the bundle is unpacked')
    .addHelpText('before', examples('oa runs watch run_01…', 'oa runs watch run_01… --from-start'))
    .action(action(terminal, watch));
  runs
    .command('cancel')
    .argument('<run-id>')
    .description('cancel a run')
    .option('--reason <text>', 'why; journaled with the run', 'canceled from the command line')
    .action(action(terminal, cancel));
  addApprovalCommands(runs, terminal);
  addConversationCommands(runs, terminal);
  program
    .command('bundle')
    .argument('<run-id>')
    .description('download and unpack the bundle of a run')
    .option('--out <directory>', 'where it is unpacked')
    .action(action(terminal, bundle));
}

async function list(
  cli: Cli,
  flags: { status?: string; limit: number; cursor?: string },
): Promise<void> {
  const { api } = await connect(cli);
  const page = await api.call('runtime.run.list', {
    query: { status: flags.status, limit: flags.limit, cursor: flags.cursor },
  });
  if (cli.json) {
    cli.printJson('runs.ls', {
      runs: page.runs.map(summary),
      next_cursor: page.next_cursor,
    });
    return;
  }
  if (page.runs.length === 0) {
    cli.say(`No runs yet. Start one with \`${cli.oa} run\`.`);
    return;
  }
  const rows = page.runs.map((run) => [
    run.run_id,
    run.phase ? `${run.status}/${run.phase}` : run.status,
    run.verdict?.verdict ?? '',
    run.created_at?.slice(0, 19) ?? '',
    oneLine(run.objective, 60),
  ]);
  cli.print(table(['RUN', 'STATE', 'VERDICT', 'CREATED', 'OBJECTIVE'], rows));
  if (page.next_cursor) cli.say(`More: ${cli.oa} runs ls --cursor ${page.next_cursor}`);
}

async function show(cli: Cli, runId: string): Promise<void> {
  const run = await getRun(await connect(cli), checkRunId(runId));
  if (cli.json) {
    cli.printJson('runs.show', { run: JSON.parse(JSON.stringify(run)) });
    return;
  }
  const rows: [string, string][] = [
    ['run', run.run_id],
    ['state', run.phase ? `${run.status}, ${run.phase}` : run.status],
    ['reason', [run.terminal_reason_class, run.terminal_reason].filter(Boolean).join(': ')],
    ['objective', oneLine(run.objective, 200)],
    ['work unit', run.work_unit],
    ['worker', run.worker_id],
    ['turns', `${run.turns}${run.recoveries > 0 ? `, ${run.recoveries} recoveries` : ''}`],
    ['events', run.latest_seq],
    ['verdict', run.verdict ? describeVerdict(run.verdict) : ''],
    ['receipt', run.receipt_id],
    ['patch', run.patch?.sha256 ?? ''],
    ['created', run.created_at ?? ''],
    ['ended', run.terminal_at ?? ''],
    ['history', run.history_url],
  ];
  for (const [name, value] of rows) if (value) cli.print(`${name.padEnd(10)} ${value}`);
}

async function watch(
  cli: Cli,
  runId: string,
  flags: { fromStart?: boolean; out?: string },
): Promise<void> {
  const connection = await connect(cli);
  const id = checkRunId(runId);
  // A run that is not ours is told at once, not by a refused topic.
  await getRun(connection, id);
  await watchToEnd(cli, connection, id, {
    fromStart: flags.fromStart === true,
    out: flags.out,
    command: 'runs.watch',
  });
}

async function cancel(cli: Cli, runId: string, flags: { reason: string }): Promise<void> {
  const { api } = await connect(cli);
  const answer = await api.call('runtime.run.cancel', {
    params: { run_id: checkRunId(runId) },
    body: { reason: flags.reason },
  });
  if (cli.json) {
    cli.printJson('runs.cancel', {
      run_id: answer.run_id,
      status: answer.status,
      cancel_requested: answer.cancel_requested,
    });
  } else cli.say(`${runId} is ${answer.status}.`);
}

async function bundle(cli: Cli, runId: string, flags: { out?: string }): Promise<void> {
  const connection = await connect(cli);
  const id = checkRunId(runId);
  const run = await getRun(connection, id);
  if (run.terminal_at && !run.patch)
    throw usageError(`${id} ended without a patch, so it has no bundle`);
  const directory = await fetchBundle(cli, connection, id, flags.out);
  if (cli.json) cli.printJson('bundle', { run_id: id, directory });
  else cli.print(directory);
}

function summary(run: Run) {
  return {
    run_id: run.run_id,
    status: run.status,
    phase: run.phase,
    objective: run.objective,
    work_unit: run.work_unit,
    worker_id: run.worker_id,
    verdict: run.verdict ? { ...run.verdict } : null,
    receipt_id: run.receipt_id,
    created_at: run.created_at ?? null,
    terminal_at: run.terminal_at ?? null,
  };
}
