import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { styleText } from 'node:util';

/** The colours of the part names, in order of appearance. */
const COLOURS = ['cyan', 'magenta', 'yellow', 'green', 'blue', 'red', 'white', 'gray'] as const;
type Colour = (typeof COLOURS)[number];

const NAME_WIDTH = 9;

export interface Screen {
  say(text: string): void;
  /** One line of a part's log: whole in its file, readable on the screen. */
  log(part: string, line: string): void;
}

/** Parts that are not ours: their logs say nothing to a newcomer and stay in their files. */
const GROUND = new Set(['postgres', 'temporal']);

/** Writes to the terminal; `quiet` keeps all logs in their files. */
export function createScreen(options: { logs: string; quiet: boolean }): Screen {
  const colours = new Map<string, Colour>();
  const colourOf = (part: string): Colour => {
    const known = colours.get(part);
    if (known) return known;
    const next = COLOURS[colours.size % COLOURS.length] ?? 'white';
    colours.set(part, next);
    return next;
  };
  // A terminal that was closed: the stack stops by SIGHUP, and in good order.
  process.stdout.on('error', () => {});
  return {
    say: (text) => process.stdout.write(`${text}\n`),
    log(part, line) {
      appendFileSync(join(options.logs, `${part}.log`), `${line}\n`);
      if (options.quiet || GROUND.has(part)) return;
      const readable = readableLine(line);
      if (!readable) return;
      const prefix = styleText(colourOf(part), part.padEnd(NAME_WIDTH));
      process.stdout.write(`${prefix} ${styleText('dim', '│')} ${readable}\n`);
    },
  };
}

/** Keys of a log line that every line carries: noise on a screen, kept in the file. */
const EVERYWHERE = new Set(['level', 'time', 'pid', 'hostname', 'service', 'msg', 'message', 'ts']);
const WARN = 40;
const ERROR = 50;
const SCREEN_LINE_MAX = 400;

/** `{"level":30,"msg":"listening","port":4100}` → `listening port=4100`; other lines as they are. */
export function readableLine(line: string): string {
  if (!line.startsWith('{')) return line;
  let record: Record<string, unknown>;
  try {
    record = JSON.parse(line);
  } catch {
    return line;
  }
  const text = String(record['msg'] ?? record['message'] ?? '');
  const rest = Object.entries(record)
    .filter(([key, value]) => !EVERYWHERE.has(key) && value !== undefined && value !== '')
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  const whole = [text, styleText('dim', rest)].filter(Boolean).join(' ').slice(0, SCREEN_LINE_MAX);
  const level = Number(record['level']);
  if (level >= ERROR || record['level'] === 'error') return styleText('red', whole);
  if (level >= WARN || record['level'] === 'warn') return styleText('yellow', whole);
  return whole;
}
