import { type Command, Option } from 'commander';
import type { ApiClient } from '../../api/client.ts';
import { type Cli, connect } from '../cli.ts';
import { CliError, EXIT, usageError } from '../exit-codes.ts';
import { type Terminal, table } from '../terminal.ts';
import { action, examples } from './command.ts';

interface Flags {
  run?: string;
  worker?: string;
  all?: boolean;
}

export function addReprojectCommand(program: Command, terminal: Terminal): void {
  program
    .command('reproject')
    .description('rebuild what lists and pages show from the log, and say what differed')
    .addOption(new Option('--run <id>', 'one run').conflicts(['worker', 'all']))
    .addOption(new Option('--worker <id>', 'one worker').conflicts(['run', 'all']))
    .addOption(
      new Option('--all', 'every run and worker; for an operator').conflicts(['run', 'worker']),
    )
    .addHelpText('before', examples('oa reproject --run run_01…', 'oa reproject --all --json'))
    .action(action(terminal, reproject));
}

async function reproject(cli: Cli, flags: Flags): Promise<void> {
  if (!flags.run && !flags.worker && !flags.all) {
    throw usageError('--run, --worker or --all is needed');
  }
  const { api } = await connect(cli);
  const { rebuilt, drift } = await toTheEnd(api, flags);
  const broken = drift.filter(({ repaired }) => !repaired);
  if (cli.json) {
    cli.printJson('reproject', { rebuilt, drift: JSON.parse(JSON.stringify(drift)) });
  } else {
    const rows = drift.map(({ entity_id, drift_class, repaired, found_seq, expected_seq }) => [
      entity_id,
      drift_class,
      repaired ? 'rebuilt' : 'not rebuilt',
      found_seq === expected_seq ? '' : `was at ${found_seq}, is at ${expected_seq}`,
    ]);
    if (rows.length > 0) cli.print(table(['OF', 'DRIFT', 'NOW', 'POSITION'], rows));
    cli.say(`${rebuilt} rebuilt, ${drift.length - broken.length} of them had drifted.`);
  }
  if (broken.length > 0) {
    throw new CliError(EXIT.failure, `${broken.length} could not be rebuilt: the log is broken`);
  }
}

/** Page after page; a request that was lost is repeated by the client under its key. */
async function toTheEnd(api: ApiClient, { run, worker }: Flags) {
  const drift = [];
  let rebuilt = 0;
  let cursor = '';
  do {
    const target = run ? { run_id: run } : worker ? { worker_id: worker } : { all: true };
    const page = await api.call('runtime.projectors.reproject', { body: { ...target, cursor } });
    rebuilt += Number(page.rebuilt);
    drift.push(...page.drift);
    cursor = page.next_cursor;
  } while (cursor !== '');
  return { rebuilt, drift };
}
