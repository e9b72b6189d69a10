/** What processes cost, read from /proc. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

const CLOCK_TICKS_PER_SECOND = 100;

/** A process and all its descendants. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of readdirSync('/proc').map(Number).filter(Boolean)) {
    const parent = Number(statFields(pid)[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** Milliseconds of CPU that the process itself has used. */
export function ownCpuMs(pid: number): number {
  return cpuMs(pid, 11, 12);
}

/** Of whole trees, with the children that have ended and were waited for: the sum misses nobody. */
export function cpuMsOfTrees(...roots: number[]): number {
  return roots.flatMap(processTree).reduce((sum, pid) => sum + cpuMs(pid, 11, 12, 13, 14), 0);
}

function cpuMs(pid: number, ...ticks: number[]): number {
  const fields = statFields(pid);
  const sum = ticks.reduce((total, field) => total + Number(fields[field] ?? 0), 0);
  return (sum * 1_000) / CLOCK_TICKS_PER_SECOND;
}

/** The fields of /proc/PID/stat behind the command name: state, ppid, … (proc(5) counts from 3). */
function statFields(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    // Ended while we looked.
    return [];
  }
}
