import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { runWorkflowId } from '#workflows/run/messages.ts';
import { HISTORIES, newestBuild } from '#workflows/testing/histories.ts';
import { verificationWorkflowId } from '#workflows/verification/messages.ts';
import { historiesOf } from './chain.ts';
import type { Lab } from './lab.ts';
import { seeRun } from './runs.ts';

/** Set by `ops/histories/record.ts`. */
const isRecording = process.env['OA_RECORD_HISTORIES'] === '1';

/** Keeps the histories of a run, of which it may have several, and its verifications as replay fixtures, while recording. */
export async function recordHistories(lab: Lab, scenario: string, runId: string): Promise<void> {
  if (!isRecording) return;
  const { payloads } = await seeRun(lab, runId);
  const verifications = payloads('verification.started').map((started) =>
    verificationWorkflowId(String(started['verification_id'])),
  );
  for (const [index, workflow_id] of [runWorkflowId(runId), ...verifications].entries()) {
    // A verification that was cancelled ends after its run.
    await lab.client.workflow
      .getHandle(workflow_id)
      .result()
      .catch(() => undefined);
    const name = index === 0 ? scenario : `${scenario}.verification-${index}`;
    await recordWorkflow(lab, { scenario, name, workflow_id });
  }
}

/** Keeps every history of one workflow, while recording. */
export async function recordWorkflow(
  lab: Lab,
  { scenario, name, workflow_id }: { scenario: string; name: string; workflow_id: string },
): Promise<void> {
  if (!isRecording) return;
  const directory = join(HISTORIES, newestBuild());
  await mkdir(directory, { recursive: true });
  const histories = await historiesOf(lab, workflow_id);
  for (const [earlier, history] of histories.entries()) {
    const isLast = earlier === histories.length - 1;
    const file = isLast ? `${name}.json` : `${name}.history-${earlier + 1}.json`;
    const fixture = { scenario, workflow_id, history: withoutMachine(historyToJSON(history)) };
    await writeFile(join(directory, file), `${JSON.stringify(fixture)}\n`);
  }
}

/** Stack traces hold paths of the machine that recorded; replay does not read them. */
function withoutMachine(history: string): unknown {
  return JSON.parse(history, (key, value) => (key === 'stackTrace' ? '' : value));
}
