import { type Command, Option } from 'commander';
import { APPROVAL_STATE_TEXTS } from '#proto/gen/types.ts';
import { approvalLines } from '../approval-view.ts';
import { type Cli, connect } from '../cli.ts';
import { checkRunId } from '../follow-run.ts';
import type { Terminal } from '../terminal.ts';
import { action, examples, positiveInteger } from './command.ts';

export function addApprovalCommands(runs: Command, terminal: Terminal): void {
  runs
    .command('approvals')
    .argument('[run-id]', 'only of this run (default: of all runs)')
    .description('what waits for an answer, with what it is about and what happens without one')
    .addOption(
      new Option('--state <state>', 'approvals in this state')
        .choices(APPROVAL_STATE_TEXTS)
        .default('requested'),
    )
    .option('--limit <n>', 'how many', positiveInteger, 20)
    .option('--cursor <cursor>', 'continue a page')
    .addHelpText('before', examples('oa runs approvals', 'oa runs approvals run_01… --json'))
    .action(action(terminal, list));
  runs
    .command('approve')
    .argument('<run-id>')
    .argument('<approval-id>')
    .description('answer an approval that a run waits for')
    .option('--deny', 'refuse it')
    .addOption(
      new Option(
        '--scope <scope>',
        'how far the answer reaches: this question, the run, the thread',
      )
        .choices(['once', 'run', 'session'])
        .default('once'),
    )
    .option('--reason <text>', 'why; journaled with the run')
    .addHelpText(
      'before',
      examples(
        'oa runs approve run_01… approval_01… --scope run',
        'oa runs approve run_01… approval_01… --deny --reason "not in this repository"',
      ),
    )
    .action(action(terminal, approve));
}

async function list(
  cli: Cli,
  runId: string | undefined,
  flags: { state: string; limit: number; cursor?: string },
): Promise<void> {
  const { api } = await connect(cli);
  const query = { state: flags.state, limit: flags.limit, cursor: flags.cursor };
  const page = runId
    ? await api.call('runtime.run.approval.list', { params: { run_id: checkRunId(runId) }, query })
    : await api.call('runtime.approval.list', { query });
  const { approvals, next_cursor } = page;
  if (cli.json) {
    cli.printJson('runs.approvals', {
      approvals: JSON.parse(JSON.stringify(approvals)),
      next_cursor,
    });
    return;
  }
  if (approvals.length === 0) cli.say(`Nothing is ${flags.state}.`);
  for (const approval of approvals) {
    cli.print(approvalLines(approval, cli.paint, Date.now()).join('\n'));
    if (approval.state === 'requested') {
      cli.print(`  ${cli.oa} runs approve ${approval.run_id} ${approval.approval_id}\n`);
    }
  }
  if (next_cursor) cli.say(`More: ${cli.oa} runs approvals --cursor ${next_cursor}`);
}

async function approve(
  cli: Cli,
  runId: string,
  approvalId: string,
  flags: { deny?: boolean; scope: string; reason?: string },
): Promise<void> {
  const { api } = await connect(cli);
  const answer = await api.call('runtime.run.approval.resolve', {
    params: { run_id: checkRunId(runId), approval_id: approvalId },
    body: {
      decision: flags.deny ? 'deny' : 'approve',
      scope: flags.scope,
      reason: flags.reason ?? '',
    },
  });
  if (cli.json) {
    cli.printJson('runs.approve', { approval_id: answer.approval_id, state: answer.state });
  } else cli.say(`${approvalId} is ${answer.state}.`);
}
