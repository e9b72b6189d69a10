import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Command lines of the processes that were started for a directory: it stands in their arguments or their environment. */
export function processesOf(directory: string): string[] {
  if (!existsSync('/proc/self/environ')) {
    const listed = execFileSync('ps', ['-Ao', 'args='], { encoding: 'utf8' });
    return listed.split('\n').filter((line) => line.includes(directory));
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const command = read(`/proc/${pid}/cmdline`);
      const found = `${command}${read(`/proc/${pid}/environ`)}`.includes(directory);
      return found ? [command.replaceAll('\0', ' ').trim()] : [];
    });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Ended in the meantime, or another user's.
    return '';
  }
}
