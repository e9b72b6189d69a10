import type { Command } from 'commander';
import { isId } from '#proto/ids.ts';
import { type Cli, connect } from '../cli.ts';
import { usageError } from '../exit-codes.ts';
import { printable, type Terminal, table } from '../terminal.ts';
import { action, examples } from './command.ts';

export function addThreadCommands(program: Command, terminal: Terminal): void {
  const threads = program.command('threads').description('conversations with an agent');
  threads.command('ls').description('your threads').action(action(terminal, list));
  threads
    .command('show')
    .argument('<thread-id>')
    .description('the messages of a thread')
    .action(action(terminal, show));
  threads
    .command('send')
    .alias('post')
    .argument('<text>', 'the message')
    .description('say something in a thread, or in a new one')
    .option('--queue', 'keep it for the next turn of the run under way')
    .option('--thread <id>', 'the thread (default: a new one)')
    .option('--worker <id>', 'the worker that a new thread is bound to')
    .addHelpText(
      'before',
      examples(
        'oa threads send "now fix the docs too" --thread thread_01…',
        'oa threads send "then the tests" --thread thread_01… --queue',
      ),
    )
    .action(action(terminal, send));
  threads
    .command('fork')
    .argument('<thread-id>')
    .description('begin a thread with the messages of another, and a copy of its agent')
    .option('--at <message-id>', 'keep the messages up to this one; the agent then begins anew')
    .addHelpText('before', examples('oa threads fork thread_01…'))
    .action(action(terminal, fork));
}

async function list(cli: Cli): Promise<void> {
  const { api } = await connect(cli);
  const { threads } = await api.call('runtime.thread.list');
  if (cli.json) {
    cli.printJson('threads.ls', { threads: JSON.parse(JSON.stringify(threads)) });
    return;
  }
  const rows = threads.map((thread) => [
    thread.thread_id,
    String(thread.message_count),
    thread.last_message_at?.slice(0, 19) ?? '',
    thread.active_run_id,
  ]);
  if (rows.length === 0) cli.say('No threads yet.');
  else cli.print(table(['THREAD', 'MESSAGES', 'LAST', 'ACTIVE RUN'], rows));
}

async function show(cli: Cli, threadId: string): Promise<void> {
  const { api } = await connect(cli);
  const { messages } = await api.call('runtime.thread.messages.list', {
    params: { thread_id: checkThreadId(threadId) },
  });
  if (cli.json) {
    cli.printJson('threads.show', {
      thread_id: threadId,
      messages: JSON.parse(JSON.stringify(messages)),
    });
    return;
  }
  for (const { role, text } of messages) {
    cli.print(`${cli.paint('bold', role)}\n${printable(text)}\n`);
  }
}

async function send(
  cli: Cli,
  text: string,
  flags: { thread?: string; worker?: string; queue?: boolean },
): Promise<void> {
  const { api } = await connect(cli);
  const threadId = flags.thread ? checkThreadId(flags.thread) : await createThread();
  const answer = await api.call('runtime.thread.message.post', {
    params: { thread_id: threadId },
    body: { text, mode: flags.queue ? 'queue' : 'steer' },
  });
  if (cli.json) {
    cli.printJson('threads.send', {
      thread_id: threadId,
      message_id: answer.message?.message_id ?? '',
      run_id: answer.run_id,
    });
    return;
  }
  cli.print(threadId);
  if (answer.run_id)
    cli.say(
      `Run ${answer.run_id} carries it. Follow it with: ${cli.oa} runs watch ${answer.run_id}`,
    );

  async function createThread(): Promise<string> {
    const { thread } = await api.call('runtime.thread.create', {
      body: flags.worker ? { worker_id: flags.worker } : {},
    });
    return thread?.thread_id ?? '';
  }
}

async function fork(cli: Cli, threadId: string, flags: { at?: string }): Promise<void> {
  const { api } = await connect(cli);
  const { thread } = await api.call('runtime.thread.fork', {
    params: { thread_id: checkThreadId(threadId) },
    body: { at_message_id: flags.at ?? '' },
  });
  if (cli.json) {
    cli.printJson('threads.fork', { thread: JSON.parse(JSON.stringify(thread ?? null)) });
    return;
  }
  cli.print(thread?.thread_id ?? '');
  cli.say(`It holds ${thread?.message_count ?? 0} messages of ${threadId}.`);
}

function checkThreadId(text: string): string {
  if (!isId('thread', text)) throw usageError(`${text} is not a thread id`);
  return text;
}
