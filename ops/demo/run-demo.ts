import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

export const ROOT = join(import.meta.dirname, '..', '..');

export interface DemoProcess {
  /** What a person has seen so far, without colours. */
  screen(): string;
  type(keys: string): void;
  ended: Promise<number | null>;
}

/** `npm run demo` with a data directory and a login of its own, started by a command in front of it where one is given. */
export function startDemo(
  directory: string,
  wrap: (command: string[]) => string[] = (command) => command,
  flags: string[] = [],
  more: NodeJS.ProcessEnv = {},
): DemoProcess {
  const [program = '', ...args] = wrap([
    'npm',
    'run',
    'demo',
    ...(flags.length > 0 ? ['--', ...flags] : []),
  ]);
  const child = spawn(program, args, {
    cwd: ROOT,
    env: {
      ...process.env,
      OA_DATA_DIR: join(directory, 'data'),
      OA_CONFIG_HOME: join(directory, 'config'),
      OA_DATA_HOME: join(directory, 'home'),
      OA_PORTS: 'free',
      ...more,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      text += chunk;
    });
  }
  return {
    screen: () => stripVTControlCharacters(text).replaceAll('\r', ''),
    type: (keys) => void child.stdin.write(keys),
    ended: once(child, 'exit').then(([code]) => code as number | null),
  };
}

/** A terminal made by util-linux's `script`, which passes on what is typed. */
export function onTerminal(command: string[]): string[] {
  return ['script', '--quiet', '--return', '--command', command.join(' '), '/dev/null'];
}

export function canMakeTerminals(): boolean {
  return spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux');
}

/** Hides bubblewrap from a command by a file that cannot be executed in its place; where it is unusable, nothing is to hide. */
export function withoutBubblewrap(command: string[]): string[] {
  const found = spawnSync('sh', ['-c', 'command -v bwrap'], { encoding: 'utf8' }).stdout.trim();
  const hide = ['--dev-bind', '/', '/', '--ro-bind', '/dev/null', found, '--cap-add', 'ALL', '--'];
  const works = found !== '' && spawnSync(found, [...hide, 'true']).status === 0;
  return works ? [found, ...hide, ...command] : command;
}
