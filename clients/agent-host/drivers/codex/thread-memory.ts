import { join } from 'node:path';
import { z } from 'zod';
import { readTextIfPresent, writeFileAtomic } from '../../../api/atomic-file.ts';

/** Which thread of the agent a run's turns belong to, on disk before the model hears of the turn. */
const memorySchema = z.object({
  agent_thread_id: z.string().min(1),
  /** The turn that was last begun on it, and by which request: the same turn under another one is a recovery. */
  turn: z.int(),
  request_id: z.string(),
});

export type RememberedThread = z.infer<typeof memorySchema>;

const FILE = 'codex-thread.json';

export async function rememberThread(runDirectory: string, thread: RememberedThread) {
  await writeFileAtomic(join(runDirectory, FILE), `${JSON.stringify(thread)}\n`);
}

/** Undefined where the run has no thread here. */
export async function rememberedThread(
  runDirectory: string,
): Promise<RememberedThread | undefined> {
  const text = await readTextIfPresent(join(runDirectory, FILE));
  return text === undefined ? undefined : memorySchema.parse(JSON.parse(text));
}
