import { styleText } from 'node:util';
import { type LocalStack, PortsTakenError } from './local-stack.ts';
import { StackRunningError } from './running.ts';
import type { Stack } from './stack.ts';
import type { Part, PartState } from './supervisor.ts';

const NAME_WIDTH = 9;
const ADDRESS_WIDTH = 24;

/** The line of a part that has just become ready, failed or gone down; nothing for what passes by. */
export function partLine(
  part: Part,
  state: PartState,
  elapsedMs: number,
  stack: Stack,
): string | undefined {
  const label = stack.labels[part.name] ?? { address: '', note: '' };
  const seconds = `${(elapsedMs / 1000).toFixed(1)} s`;
  const line = (mark: string, word: string) =>
    `  ${mark} ${part.name.padEnd(NAME_WIDTH)} ${word.padEnd(8)} ${label.address.padEnd(ADDRESS_WIDTH)} ${seconds.padStart(6)}  ${styleText('dim', label.note)}`.trimEnd();
  if (state === 'ready') return line(styleText('green', '●'), 'ready');
  if (state === 'failed') return line(styleText('red', '●'), 'failed');
  if (state === 'restarting') return line(styleText('yellow', '●'), 'again');
  return undefined;
}

/** What a person reads when everything serves. */
export function stackIsUp(stack: LocalStack): string {
  const seconds = (stack.readyMs / 1000).toFixed(1);
  const { control, temporalUi } = stack.ports;
  return [
    '',
    `Ready in ${seconds} s. Control http://127.0.0.1:${control}, Temporal UI http://127.0.0.1:${temporalUi}`,
    'In another terminal:',
    '  ./bin/oa login',
    '  ./bin/oa worker start --root .',
    '  ./bin/oa run "make the failing test pass" --repo ./some/repo --agent ./fix.sh --verify "npm test"',
    'Ctrl-C stops everything; the data stays in .data.',
    '',
  ].join('\n');
}

/** Why the stack did not start and what to do about it. */
export function explainStartFailure(error: unknown, logs: string): string {
  if (error instanceof StackRunningError) {
    const { supervisor, addresses } = error.state;
    return [
      `A stack is already running here (pid ${supervisor.pid}): control ${addresses['control']}, Temporal UI ${addresses['temporal_ui']}.`,
      'Stop it with Ctrl-C in its terminal or with `./bin/oa down`.',
    ].join('\n');
  }
  if (error instanceof PortsTakenError) return `Ports are taken:\n${error.message}`;
  const reason = error instanceof Error ? error.message : String(error);
  return `The stack could not start: ${reason}\nThe logs are in ${logs}; \`./bin/oa doctor\` checks this machine.`;
}
