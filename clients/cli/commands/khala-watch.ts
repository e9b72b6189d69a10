import { type Command, Option } from 'commander';
import { parseTopic } from '#proto/topics.ts';
import { createMemoryStore } from '../../khala/memory-store.ts';
import type { StartFrom, SyncEvent } from '../../khala/types.ts';
import { type Cli, type Connection, connect } from '../cli.ts';
import { CliError, EXIT, usageError } from '../exit-codes.ts';
import { onInterrupt } from '../interrupt.ts';
import { stateTeller } from '../khala-state.ts';
import { openKhala } from '../live.ts';
import type { Terminal } from '../terminal.ts';
import { action, examples } from './command.ts';
import { readTopics } from './khala-topics.ts';

interface Flags {
  from: string;
}

export function addWatchCommand(khala: Command, terminal: Terminal): void {
  khala
    .command('watch')
    .argument('<topic>', 'e.g. run:run_01…:events')
    .description('print the events of a topic as they are')
    .addOption(
      new Option('--from <seq>', 'the first event to print, or `now` for what comes next').default(
        '1',
      ),
    )
    .addHelpText(
      'before',
      examples(
        'oa khala watch run:run_01…:events',
        'oa khala watch run:run_01…:events --from 120',
        'oa khala watch user:user_01…:runs --from now --json',
      ),
    )
    .action(action(terminal, watch));
}

async function watch(cli: Cli, topic: string, flags: Flags): Promise<void> {
  const parsed = parseTopic(topic);
  if (!parsed.ok) throw usageError(`this is no topic: ${parsed.reason}`);
  if (!parsed.topic.joinable) throw usageError(`${topic} can be joined by no one`);
  if (!/^(now|[1-9]\d{0,18})$/.test(flags.from)) {
    throw usageError('--from is the number of an event, from 1 on, or `now`');
  }
  const connection = await connect(cli);
  const from = await startFrom(connection, topic, flags.from);
  const interrupt = onInterrupt();
  const blocked = Promise.withResolvers<never>();
  const tell = stateTeller((text) => cli.say(cli.paintError('dim', text)), Date.now);
  const khala = await openKhala(connection, createMemoryStore(), 'cli', (state) => {
    tell(state);
    if (state.name === 'blocked') {
      blocked.reject(
        new CliError(state.action === 'log_in' ? EXIT.auth : EXIT.failure, state.reason),
      );
    }
  });
  try {
    const subscription = khala.subscribe(topic, {
      from,
      onEvent: (event) => print(cli, event),
      onCaughtUp: ({ seq }) => cli.say(cli.paintError('dim', `caught up at ${seq}; Ctrl-C ends`)),
    });
    const interrupted = new Promise<void>((resolve) => {
      interrupt.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([subscription.ended, blocked.promise, interrupted]);
  } finally {
    interrupt.dispose();
    await khala.close().catch(() => undefined);
  }
}

/** A position needs the lineage it stands in, which the topic's counters name. */
async function startFrom({ api }: Connection, topic: string, from: string): Promise<StartFrom> {
  if (from === '1') return 'beginning';
  const [state] = await readTopics(api, topic);
  // Nothing was published yet: what comes next is the first.
  if (!state) return 'beginning';
  const head = BigInt(state.head_seq);
  if (from === 'now') return { epoch: state.epoch, seq: head };
  const first = BigInt(from);
  if (first > head + 1n) throw usageError(`--from ${from} is beyond the newest event, ${head}`);
  return { epoch: state.epoch, seq: first - 1n };
}

function print(cli: Cli, { topic, epoch, seq, kind, recordedAtMs, payload }: SyncEvent): void {
  if (cli.json) {
    const position = { topic, epoch, seq: String(seq) };
    cli.printJson('khala_event', { ...position, kind, recorded_at_ms: recordedAtMs, payload });
  } else cli.print(`${seq} ${kind} ${JSON.stringify(payload)}`);
}
