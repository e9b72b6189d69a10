import { reapMarked, stopGroup } from './process-group.ts';
import type { OpenRecord, RequestJournal } from './request-journal.ts';
import { workerError } from './worker-error.ts';

type StartedRecord = Extract<OpenRecord, { state: 'started' }>;

/**
 * Tidies up after an earlier life of this host that ended without a word: its agents are ended, and what they were
 * doing is journaled as interrupted, to be reported. Requests that had not begun are left as they are.
 */
export async function reapEarlierLife(
  journal: RequestJournal,
  endAgentOf: (record: StartedRecord) => Promise<void> = endAgent,
): Promise<number> {
  let interrupted = 0;
  for (const record of await journal.open()) {
    if (record.state !== 'started') continue;
    const { request_id: requestId, method } = record.request;
    await endAgentOf(record);
    const message = 'the agent host was killed while this turn ran; its agent was ended';
    await journal.finished(
      requestId,
      workerError({ requestId, method }, 'worker_unavailable', message, true),
    );
    interrupted += 1;
  }
  return interrupted;
}

async function endAgent({ request, process }: StartedRecord): Promise<void> {
  if (process) await stopGroup(process);
  await reapMarked(request.request_id);
}
