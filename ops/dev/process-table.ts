import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process and when it started: a pid alone may belong to somebody else by now. */
export interface ProcessIdentity {
  pid: number;
  /** Opaque; equal only for the same process. */
  started: string;
}

export function identify(pid: number): ProcessIdentity | undefined {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // Fields 3 and 22 of proc(5): the state (a zombie has ended) and the start in clock ticks since boot.
      const [state, started] = [fields[0], fields[19]];
      if (!started || state === 'Z') return undefined;
      // Ticks count from the boot: without its id, a pid after a reboot could pass for one before it.
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      return { pid, started: `${boot}/${started}` };
    }
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
    return started.trim() ? { pid, started: started.trim() } : undefined;
  } catch {
    // No such process.
    return undefined;
  }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started;
}

export interface PortOwner {
  pid: number;
  command: string;
}

/** Who listens on a TCP port of this machine, where the system lets us see it. */
export function portOwner(port: number): PortOwner | undefined {
  try {
    const pid = process.platform === 'linux' ? linuxListener(port) : lsofListener(port);
    if (!pid) return undefined;
    const command = execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
    return { pid, command: command.trim() };
  } catch {
    // Another user's process: its owner stays unnamed.
    return undefined;
  }
}

const LISTEN_STATE = '0A';

function linuxListener(port: number): number | undefined {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6']
      .flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(1))
      .map((line) => line.trim().split(/\s+/))
      .filter((field) => field[1]?.endsWith(`:${wanted}`) && field[3] === LISTEN_STATE)
      .map((field) => `socket:[${field[9]}]`),
  );
  if (inodes.size === 0) return undefined;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => openFiles(pid).some((target) => inodes.has(target)));
}

function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    // Gone, or not ours to look into.
    return [];
  }
}

function lsofListener(port: number): number | undefined {
  const output = execFileSync('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-t'], {
    encoding: 'utf8',
  });
  return Number(output.split('\n')[0]) || undefined;
}
