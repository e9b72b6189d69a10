import type { Command } from 'commander';
import { parseTopic } from '#proto/topics.ts';
import { createMemoryStore } from '../../khala/memory-store.ts';
import { type Cli, connect } from '../cli.ts';
import { CliError, EXIT, usageError } from '../exit-codes.ts';
import { onInterrupt } from '../interrupt.ts';
import { openKhala } from '../live.ts';
import type { Terminal } from '../terminal.ts';
import { action, examples } from './command.ts';

export function addKhalaCommands(program: Command, terminal: Terminal): void {
  program
    .command('khala')
    .description('look at live topics')
    .command('watch')
    .argument('<topic>', 'e.g. run:run_01…:events')
    .description('print the events of a topic, from its beginning, as they are')
    .addHelpText(
      'before',
      examples('oa khala watch run:run_01…:events', 'oa khala watch user:user_01…:runs --json'),
    )
    .action(action(terminal, watch));
}

async function watch(cli: Cli, topic: string): Promise<void> {
  const parsed = parseTopic(topic);
  if (!parsed.ok) throw usageError(`this is no topic: ${parsed.reason}`);
  if (!parsed.topic.joinable) throw usageError(`${topic} can be joined by no one`);
  const connection = await connect(cli);
  const interrupt = onInterrupt();
  let fail: (error: unknown) => void = () => undefined;
  const blocked = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const khala = await openKhala(connection, createMemoryStore(), (state) => {
    if (state.name === 'blocked') {
      fail(new CliError(state.action === 'log_in' ? EXIT.auth : EXIT.failure, state.reason));
    }
  });
  try {
    const subscription = khala.subscribe(topic, {
      from: 'beginning',
      onEvent(event) {
        if (cli.json) {
          cli.printJson('khala_event', {
            topic,
            epoch: event.epoch,
            seq: String(event.seq),
            kind: event.kind,
            recorded_at_ms: event.recordedAtMs,
            payload: event.payload,
          });
        } else cli.print(`${event.seq} ${event.kind} ${JSON.stringify(event.payload)}`);
      },
      onCaughtUp: ({ seq }) => cli.say(cli.paintError('dim', `caught up at ${seq}; Ctrl-C ends`)),
    });
    const interrupted = new Promise<void>((resolve) => {
      interrupt.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([subscription.ended, blocked, interrupted]);
  } finally {
    interrupt.dispose();
    await khala.close().catch(() => undefined);
  }
}
