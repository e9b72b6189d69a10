/** Replays recorded histories with a bundle of workflows, and says for each whether its run could go on. */
import { DefaultLogger, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import type { RecordedHistory } from './histories.ts';

/** Spans of a replay are nobody's. */
const SINKS = { exporter: { export: { fn: () => undefined, callDuringReplay: false } } };

export const QUIET = new DefaultLogger('ERROR');

/** What to do about each history that does not replay any more, by its name; the others are absent. */
export async function replayAll(
  workflowBundle: WorkflowBundle,
  recorded: readonly RecordedHistory[],
): Promise<Map<string, string>> {
  Runtime.install({ logger: QUIET, shutdownSignals: [] });
  const byRunId = new Map(recorded.map((one) => [one.run_id, one]));
  // Of two histories with one id the second would hide the first.
  if (byRunId.size !== recorded.length) throw new Error('two histories have the same run id');
  const histories = recorded.map(({ workflow_id, history }) => ({
    workflowId: workflow_id,
    history,
  }));
  const broken = new Map<string, string>();
  for await (const { runId, error } of Worker.runReplayHistories(
    { workflowBundle, sinks: SINKS },
    histories,
  )) {
    const one = byRunId.get(runId);
    if (!one) throw new Error(`nobody asked to replay ${runId}`);
    byRunId.delete(runId);
    if (error) broken.set(one.name, adviceOn(one, error));
  }
  if (byRunId.size > 0) {
    throw new Error(`not replayed: ${[...byRunId.values()].map(({ name }) => name).join(', ')}`);
  }
  return broken;
}

function adviceOn({ build, name, workflow_type }: RecordedHistory, error: Error): string {
  const path = `workflows/histories/${name}`;
  return [
    `${path}: a ${workflow_type} that build ${build} began this way could not go on with the workflows as they are now.`,
    `What differs: ${error.message}`,
    'What to do: docs/versioning.md, "When a history does not replay".',
  ].join('\n');
}
