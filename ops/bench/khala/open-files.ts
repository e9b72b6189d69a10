import { readFileSync } from 'node:fs';

/** Beside its sockets a process has pipes, sources and connections. */
const OTHERS = 200;

/** Throws where this machine does not let one process hold so many sockets; Node has taken all that it may. */
export function assertOpenFiles(sockets: number): void {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const allowed = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  if (allowed === undefined || Number(allowed) >= sockets + OTHERS) return;
  throw new Error(
    `${sockets} sockets need ${sockets + OTHERS} open files (ulimit -Hn: ${allowed})`,
  );
}
