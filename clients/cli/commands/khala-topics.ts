import type { Command } from 'commander';
import type { ApiClient } from '../../api/client.ts';
import { type Cli, connect } from '../cli.ts';
import { openWatermarks, READERS } from '../live.ts';
import { type Terminal, table } from '../terminal.ts';
import { action, examples } from './command.ts';

export function addTopicsCommand(khala: Command, terminal: Terminal): void {
  khala
    .command('topics')
    .description(
      'what you could follow: where each topic stands, what is kept, how far this device has read',
    )
    .addHelpText('before', examples('oa khala topics', 'oa khala topics --json'))
    .action(action(terminal, listTopics));
}

async function listTopics(cli: Cli): Promise<void> {
  const connection = await connect(cli);
  const topics = await readTopics(connection.api);
  const stores = await Promise.all(READERS.map((reader) => openWatermarks(connection, reader)));
  const read = await Promise.all(
    topics.map(async ({ topic, epoch, head_seq }) => {
      const stored = await Promise.all(stores.map((store) => store.load(topic)));
      const positions = stored.flatMap((found) => (found?.epoch === epoch ? [found.seq] : []));
      return positions.length > 0
        ? BigInt(head_seq) - positions.reduce((a, b) => (a > b ? a : b))
        : undefined;
    }),
  );
  if (cli.json) {
    cli.printJson('khala_topics', {
      topics: topics.map((topic, index) => ({
        ...JSON.parse(JSON.stringify(topic)),
        behind: read[index] === undefined ? null : String(read[index]),
      })),
    });
    return;
  }
  const rows = topics.map(({ topic, head_seq, floor_seq, snapshot_seq, policy }, index) => [
    topic,
    head_seq,
    head_seq === floor_seq ? 'nothing' : `${BigInt(floor_seq) + 1n} to ${head_seq}`,
    snapshot_seq === '0' ? '-' : `at ${snapshot_seq}`,
    policy ? daysOrHours(Number(policy.retention_s)) : '-',
    read[index] === undefined ? 'not read here' : behind(read[index]),
  ]);
  cli.print(table(['TOPIC', 'HEAD', 'KEPT', 'SNAPSHOT', 'FOR', 'THIS DEVICE'], rows));
}

/** One topic, or all of the caller's lists, workers and newest runs. */
export async function readTopics(api: ApiClient, topic?: string) {
  const answer = await api.call('runtime.topic.list', { query: { ...(topic && { topic }) } });
  return answer.topics;
}

function behind(events: bigint): string {
  return events <= 0n ? 'has read all' : `${events} behind`;
}

const HOUR_S = 3_600;

function daysOrHours(seconds: number): string {
  const hours = Math.round(seconds / HOUR_S);
  return hours % 24 === 0 ? `${hours / 24} d` : `${hours} h`;
}
