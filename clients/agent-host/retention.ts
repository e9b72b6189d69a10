import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from './closed-tree.ts';
import type { RequestJournal } from './request-journal.ts';

/**
 * How long a run's workspace and its acknowledged events outlive its last turn: a platform restored from yesterday's
 * backup can be given them again, and a disk does not fill with clones.
 */
export const RUN_RETENTION_MS = 24 * 60 * 60_000;
/** Between two looks. */
export const RETENTION_INTERVAL_MS = 60 * 60_000;

/** Removes the directories of runs that have no open request and were not touched for the retention. */
export async function removeOldRuns(
  runsDirectory: string,
  journal: RequestJournal,
  nowMs: number,
): Promise<string[]> {
  const open = new Set((await journal.open()).map(({ request }) => request.run_id));
  const removed: string[] = [];
  for (const runId of await readdir(runsDirectory)) {
    if (open.has(runId)) continue;
    const directory = join(runsDirectory, runId);
    if (nowMs - (await lastTouchedMs(directory)) < RUN_RETENTION_MS) continue;
    await removeTree(directory);
    removed.push(runId);
  }
  return removed;
}

/** Each turn makes a directory of its own, so the newest of these two times is when the last one began. */
async function lastTouchedMs(directory: string): Promise<number> {
  const times = await Promise.all(
    [directory, join(directory, 'turns')].map(async (path) => {
      const found = await stat(path).catch(() => undefined);
      return found?.mtimeMs ?? 0;
    }),
  );
  return Math.max(...times);
}
