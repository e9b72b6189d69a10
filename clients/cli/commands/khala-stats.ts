import { type Command, Option } from 'commander';
import type { FanoutMetrics, TopicWindow } from '#proto/gen/types.ts';
import { FANOUT_TOPICS_DEFAULT, FANOUT_TOPICS_MAX } from '#proto/http/khala.ts';
import { ApiError } from '../../api/errors.ts';
import { type Cli, connect } from '../cli.ts';
import { CliError, EXIT, usageError } from '../exit-codes.ts';
import { type Terminal, table } from '../terminal.ts';
import { action, examples } from './command.ts';

interface Flags {
  topics: string;
}

export function addStatsCommand(khala: Command, terminal: Terminal): void {
  khala
    .command('stats')
    .description('what a node delivers, by topic; for an operator')
    .addOption(
      new Option('--topics <count>', 'how many topics, the busiest first').default(
        String(FANOUT_TOPICS_DEFAULT),
      ),
    )
    .addHelpText('before', examples('oa khala stats', 'oa khala stats --topics 5 --json'))
    .action(action(terminal, showStats));
}

async function showStats(cli: Cli, { topics }: Flags): Promise<void> {
  const limit = Number(topics);
  if (!/^\d+$/.test(topics) || limit > FANOUT_TOPICS_MAX) {
    throw usageError(`--topics is 0 to ${FANOUT_TOPICS_MAX}`);
  }
  const { api } = await connect(cli);
  const stats = await api
    .call('khala.fanout.metrics', { query: { topic_limit: limit } })
    .catch((error: unknown) => {
      throw error instanceof ApiError && error.kind === 'Forbidden' ? notAnOperator() : error;
    });
  if (cli.json) {
    cli.printJson('khala_stats', JSON.parse(JSON.stringify(stats)));
    return;
  }
  cli.print(nodeText(stats));
  if (stats.topic_windows.length === 0) return;
  cli.print('');
  cli.print(
    table(
      ['TOPIC', 'READERS', 'HEAD', 'KEPT FROM', 'BEHIND', 'SENT', 'STALE', 'LAST REFUSAL'],
      stats.topic_windows.map(rowOf),
    ),
  );
}

function notAnOperator(): CliError {
  return new CliError(
    EXIT.auth,
    'only an operator may see what a node delivers',
    'Whoever runs control names operators in CONTROL_OPERATORS; log in again after that.',
  );
}

function nodeText({
  node_id,
  driver,
  uptime_s,
  topics_of_interest,
  delivery_metrics: delivery,
}: FanoutMetrics): string {
  const lines = [`node ${node_id}, hints by ${driver}, up ${uptime_s} s`];
  if (delivery) {
    const { active_consumers, served_messages, slow_consumer_evictions } = delivery;
    lines.push(
      `${active_consumers} sockets follow ${topics_of_interest} topics; ${served_messages} events sent`,
      `${delivery.total_polls} safety polls, ${delivery.throttled_polls} left out; ${slow_consumer_evictions} slow consumers closed`,
    );
    const causes = Map.groupBy(delivery.recent_disconnect_causes, (cause) => cause);
    const counted = [...causes].map(([cause, all]) => `${cause} ${all.length}`);
    if (counted.length > 0) lines.push(`last closed: ${counted.join(', ')}`);
  }
  return lines.join('\n');
}

function rowOf(window: TopicWindow): string[] {
  const budget = BigInt(window.stale_cursor_budget_exceeded_count);
  const stale = budget + BigInt(window.stale_cursor_retention_floor_count);
  return [
    window.topic,
    window.subscribers,
    window.head_sequence,
    window.oldest_sequence,
    window.queue_depth,
    window.served_messages,
    String(stale),
    window.last_violation_reason || '-',
  ];
}
