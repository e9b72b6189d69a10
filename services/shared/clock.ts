import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How soon a process notices that a test has moved its clock. */
const LOOK_MS = 200;

/**
 * The clock of a process: the system's, or, where tests may interfere, moved by the milliseconds that the file
 * `<process>.clock` names.
 */
export function clockOf(
  process: string,
  { OA_FAULT_POINTS_DIR: directory }: { OA_FAULT_POINTS_DIR: string },
): () => number {
  if (directory === '') return Date.now;
  const file = join(directory, `${process}.clock`);
  let offsetMs = readOffset(file);
  setInterval(() => {
    offsetMs = readOffset(file);
  }, LOOK_MS).unref();
  return () => Date.now() + offsetMs;
}

function readOffset(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    // Not there: nobody moves this clock.
    return 0;
  }
}
