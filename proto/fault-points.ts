import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Named places between two effects of a process, where a test may let it die. Not part of the contract; it stands here
 * because services, their tables' layer and clients all have such places.
 */
export interface FaultPoints {
  /** The process is at this place now. */
  reach(point: string): void;
}

/** What production has: nothing happens anywhere. */
export const NO_FAULTS: FaultPoints = { reach() {} };

/** The setting that arms fault points, in development only. */
export const FAULT_POINTS_SETTING = 'OA_FAULT_POINTS_DIR';

/**
 * Dies by SIGKILL where a file in `directory` is named after the process and the place (`worker.finishRun.commit`). The
 * file may hold a number n: then at the n-th pass of one process. It is renamed to `….fired` first, so that it fires once
 * and the test can see that it did.
 */
export function armedFaultPoints(
  directory: string,
  process: string,
  die: () => void = killSelf,
): FaultPoints {
  const passes = new Map<string, number>();
  return {
    reach(point) {
      const name = `${process}.${point}`;
      const path = join(directory, name);
      if (!existsSync(path)) return;
      const pass = (passes.get(name) ?? 0) + 1;
      passes.set(name, pass);
      if (take(path, pass)) die();
    },
  };
}

/** True for the one process that takes the file away; another of the same name may have been faster. */
function take(path: string, pass: number): boolean {
  try {
    if (pass < (Number(readFileSync(path, 'utf8')) || 1)) return false;
    renameSync(path, `${path}.fired`);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

function killSelf(): void {
  process.kill(process.pid, 'SIGKILL');
}
