import { readdirSync, readFileSync } from 'node:fs';
import { processTree } from '../bench/process-tree.ts';

/**
 * Microseconds of CPU of a process and its living descendants, from the scheduler's own books: the ticks of
 * `process-tree.ts` are too coarse for what a single message costs. Linux only.
 */
export function cpuUsOfTree(root: number): number {
  return processTree(root)
    .flatMap(threadsOf)
    .reduce((sum, thread) => sum + cpuUsOf(thread), 0);
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`);
  } catch {
    // Ended while we looked.
    return [];
  }
}

function cpuUsOf(thread: string): number {
  try {
    const [onCpuNs] = readFileSync(`${thread}/schedstat`, 'utf8').split(' ');
    return Number(onCpuNs) / 1_000;
  } catch {
    return 0;
  }
}
