import { stripVTControlCharacters } from 'node:util';
import type { Environment } from '../api/config-home.ts';

/** Where a command reads and writes. Data goes to `out`, everything said about it to `err`. */
export interface Terminal {
  out: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  err: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  in: NodeJS.ReadableStream & { isTTY?: boolean };
  environment: Environment;
  cwd: string;
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

const CODES: Record<Style, [number, number]> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

export type Paint = (style: Style, text: string) => string;

/** https://no-color.org: any non-empty NO_COLOR means none; a pipe gets none either. */
export function paintFor(stream: { isTTY?: boolean }, environment: Environment): Paint {
  const plain = !stream.isTTY || Boolean(environment['NO_COLOR']) || environment['TERM'] === 'dumb';
  return (style, text) => {
    if (plain) return text;
    const [open, close] = CODES[style];
    return `\u001b[${open}m${text}\u001b[${close}m`;
  };
}

/** Control characters of an agent's output must not move the reader's cursor or retitle their terminal. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(/\p{Cc}/gu, (character) =>
    character === '\n' || character === '\t' ? character : '',
  );
}

/** Rows under bold headings, aligned; the last column is not padded. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(headings), ...rows.map(line)].join('\n');
}

export function oneLine(text: string, charactersMax: number): string {
  const flat = printable(text).replace(/\s+/g, ' ').trim();
  return flat.length <= charactersMax ? flat : `${flat.slice(0, charactersMax - 1)}…`;
}
