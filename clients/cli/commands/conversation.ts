import type { Command } from 'commander';
import type { ApiClient } from '../../api/client.ts';
import { type Cli, connect } from '../cli.ts';
import { checkRunId } from '../follow-run.ts';
import type { Terminal } from '../terminal.ts';
import { action, examples } from './command.ts';

export function addConversationCommands(runs: Command, terminal: Terminal): void {
  runs
    .command('steer')
    .argument('<run-id>')
    .argument('<text>', 'what the agent should know')
    .description('say something to the agent at work')
    .option('--queue', 'keep it for the next turn, and leave this one alone')
    .addHelpText(
      'before',
      examples(
        'oa runs steer run_01… "the parser in src/old is dead, leave it"',
        'oa runs steer run_01… "then write the tests" --queue',
      ),
    )
    .action(action(terminal, steer));
  runs
    .command('interrupt')
    .argument('<run-id>')
    .description('stop the turn under way; the run stays and waits to be told how to go on')
    .option('--message <text>', 'how to go on: the beginning of the next turn')
    .option('--reason <text>', 'why; journaled with the run')
    .addHelpText('before', examples('oa runs interrupt run_01… --message "use the other API"'))
    .action(action(terminal, interrupt));
}

async function steer(
  cli: Cli,
  runId: string,
  text: string,
  flags: { queue?: boolean },
): Promise<void> {
  const { api } = await connect(cli);
  const posted = await say(api, runId, text, flags.queue ? 'queue' : 'steer');
  const { message_id, mode, turn } = posted;
  if (cli.json) {
    cli.printJson('runs.steer', { run_id: runId, message_id, mode, turn });
    return;
  }
  cli.say(
    mode === 'steer'
      ? `Sent into turn ${turn}; if its agent cannot take it any more, the next turn begins with it.`
      : 'The next turn begins with it.',
  );
}

async function interrupt(
  cli: Cli,
  runId: string,
  flags: { message?: string; reason?: string },
): Promise<void> {
  const { api } = await connect(cli);
  const run_id = checkRunId(runId);
  // Before the interrupt, so that the run finds it when its turn has ended.
  const posted = flags.message ? await say(api, run_id, flags.message, 'queue') : null;
  const { turn } = await api.call('runtime.run.interrupt', {
    params: { run_id },
    body: { reason: flags.reason ?? '' },
  });
  if (cli.json) {
    cli.printJson('runs.interrupt', { run_id, turn, message_id: posted?.message_id ?? '' });
    return;
  }
  cli.say(`Turn ${turn} is asked to stop.`);
  if (!posted) cli.say(`Say how to go on: ${cli.oa} runs steer ${run_id} "…"`);
}

function say(api: ApiClient, runId: string, text: string, mode: 'steer' | 'queue') {
  return api.call('runtime.run.message.post', {
    params: { run_id: checkRunId(runId) },
    body: { text, mode },
  });
}
