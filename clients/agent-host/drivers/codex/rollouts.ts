/** What Codex keeps of each thread: one file, `sessions/YYYY/MM/DD/rollout-TIME-THREAD.jsonl`. */
import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../../../api/atomic-file.ts';
import { RUN_RETENTION_MS } from '../../retention.ts';
import { SESSIONS } from './home.ts';
import { rememberedThread } from './thread-memory.ts';

/** Of one look: it may not hold up the host for long, and the next look goes on. */
export const ROLLOUTS_REMOVED_MAX = 10_000;

/**
 * Removes what is kept of threads that no run here remembers and that nobody wrote to for the retention of a run: within
 * it another run may still go on from them.
 */
export async function removeOldRollouts(
  homeDirectory: string,
  runsDirectory: string,
  nowMs: number,
): Promise<number> {
  const sessions = join(homeDirectory, SESSIONS);
  const remembered = await threadsOf(runsDirectory);
  let removed = 0;
  const emptied = new Set<string>();
  for (const entry of await entriesBelow(sessions)) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if (remembered.some((threadId) => entry.name.includes(threadId))) continue;
    if (nowMs - (await stat(path)).mtimeMs < RUN_RETENTION_MS) continue;
    await rm(path, { force: true });
    emptied.add(entry.parentPath);
    removed += 1;
    if (removed === ROLLOUTS_REMOVED_MAX) break;
  }
  for (const directory of emptied) await rmdir(directory).catch(() => undefined);
  return removed;
}

async function threadsOf(runsDirectory: string): Promise<string[]> {
  const threads: string[] = [];
  for (const runId of await readdir(runsDirectory)) {
    const thread = await rememberedThread(join(runsDirectory, runId));
    if (thread) threads.push(thread.agent_thread_id);
  }
  return threads;
}

async function entriesBelow(directory: string) {
  try {
    return await readdir(directory, { recursive: true, withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
