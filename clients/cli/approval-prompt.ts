/**
 * Questions of a run, asked where a person watches it.
 *
 * 1. One question at a time, in the order asked; what the platform says waits is asked, not what the log once said.
 * 2. Whoever else answers first takes the question off this screen.
 */
import { randomUUID } from 'node:crypto';
import { clearLine, cursorTo } from 'node:readline';
import { createInterface, type Interface } from 'node:readline/promises';
import type { Approval } from '#proto/gen/types.ts';
import { ApiError } from '../api/errors.ts';
import { approvalLines } from './approval-view.ts';
import type { Cli, Connection } from './cli.ts';

export interface ApprovalPrompt {
  /** Something waits, or the log has been read to its end: what still waits is asked. */
  look(): void;
  /** Answered elsewhere, by policy, or without a point any more. */
  isOver(approvalId: string): void;
  /** Prints around an open question, which then stands below. */
  aside(print: () => void): void;
  close(): void;
}

const ANSWERS = {
  y: { decision: 'approve', scope: 'once' },
  r: { decision: 'approve', scope: 'run' },
  s: { decision: 'approve', scope: 'session' },
  n: { decision: 'deny', scope: 'once' },
} as const;

type AnswerKey = keyof typeof ANSWERS;

interface Open {
  approvalId: string;
  prompt: Interface;
  abort: AbortController;
}

export function createApprovalPrompt(
  cli: Cli,
  { api }: Pick<Connection, 'api'>,
  runId: string,
): ApprovalPrompt {
  /** Asked here, or answered elsewhere. */
  const settled = new Set<string>();
  let open: Open | null = null;
  let isAsking = false;
  /** Somebody said that something waits since the list was read. */
  let stale = false;
  let closed = false;

  async function askWhileStale(): Promise<void> {
    isAsking = true;
    try {
      while (stale && !closed) {
        stale = false;
        await askAll();
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      cli.say(`  What waits for an answer could not be read: ${why}`);
    } finally {
      isAsking = false;
    }
  }

  async function askAll(): Promise<void> {
    for (let next = await oldestWaiting(); next && !closed; next = await oldestWaiting()) {
      settled.add(next.approval_id);
      for (const line of approvalLines(next, cli.paintError, Date.now())) cli.say(line);
      const key = await readKey(next);
      if (key) await answer(next.approval_id, key);
    }
  }

  async function oldestWaiting(): Promise<Approval | undefined> {
    const { approvals } = await api.call('runtime.run.approval.list', {
      params: { run_id: runId },
      query: { state: 'requested' },
    });
    return approvals.findLast(({ approval_id }) => !settled.has(approval_id));
  }

  /** Undefined where the person leaves it open, or somebody answered meanwhile. */
  async function readKey({ approval_id, scopes }: Approval): Promise<AnswerKey | undefined> {
    const keys = choicesOf(scopes);
    const abort = new AbortController();
    const prompt = createInterface({ input: cli.terminal.in, output: cli.terminal.err });
    // The prompt holds the terminal, so Ctrl-C arrives here and has to be passed on.
    prompt.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    open = { approvalId: approval_id, prompt, abort };
    try {
      for (;;) {
        const text = await prompt.question(question(keys), { signal: abort.signal });
        const given = text.trim().toLowerCase().slice(0, 1);
        if (given === '') return undefined;
        const key = keys.find((each) => each === given);
        if (key) return key;
      }
    } catch (error) {
      if (abort.signal.aborted) return undefined;
      throw error;
    } finally {
      open = null;
      prompt.close();
    }
  }

  async function answer(approvalId: string, key: AnswerKey): Promise<void> {
    try {
      await api.call('runtime.run.approval.resolve', {
        params: { run_id: runId, approval_id: approvalId },
        body: { ...ANSWERS[key], reason: '' },
        idempotencyKey: randomUUID(),
      });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      cli.say(`  ${error.message}`);
    }
  }

  function wipe(): void {
    clearLine(cli.terminal.err, 0);
    cursorTo(cli.terminal.err, 0);
  }

  return {
    look() {
      stale = true;
      if (!isAsking) void askWhileStale();
    },
    isOver(approvalId) {
      settled.add(approvalId);
      if (open?.approvalId !== approvalId) return;
      wipe();
      open.abort.abort();
    },
    aside(print) {
      if (!open) return print();
      const { prompt } = open;
      wipe();
      print();
      prompt.prompt(true);
    },
    close() {
      closed = true;
      open?.abort.abort();
    },
  };
}

function choicesOf(scopes: readonly string[]): AnswerKey[] {
  return [
    'y',
    ...(scopes.includes('run') ? (['r'] as const) : []),
    ...(scopes.includes('session') ? (['s'] as const) : []),
    'n',
  ];
}

const WORDS: Record<AnswerKey, string> = {
  y: 'y once',
  r: 'r for this run',
  s: 's for this thread',
  n: 'n deny',
};

function question(keys: readonly AnswerKey[]): string {
  return `  Approve? ${keys.map((key) => WORDS[key]).join(', ')}, Enter to leave it open: `;
}
