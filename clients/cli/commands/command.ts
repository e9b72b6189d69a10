import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { type Cli, createCli } from '../cli.ts';
import type { Terminal } from '../terminal.ts';

/** Adapts a command's work to commander, which passes arguments, then options, then the command. */
export function action<Args extends unknown[]>(
  terminal: Terminal,
  work: (cli: Cli, ...args: Args) => Promise<void>,
) {
  return async (...given: unknown[]): Promise<void> => {
    const command = given.at(-1) as Command;
    // Commander has validated `given` against the declaration that stands beside `work`.
    await work(createCli(terminal, command), ...(given.slice(0, -1) as Args));
  };
}

export function examples(...lines: string[]): string {
  return `Examples:\n${lines.map((line) => `  $ ${line}`).join('\n')}\n`;
}

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError('It must be a whole number from 1.');
  }
  return value;
}

export function collect(value: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), value];
}

export function keyValue(text: string, earlier: Record<string, string> | undefined) {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must look like key=value.');
  return { ...earlier, [text.slice(0, at)]: text.slice(at + 1) };
}
