import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import type { Sql } from '#db/connect.ts';
import type { ArtifactRef } from '#proto/gen/types.ts';
import { replayReader } from '#proto/replay.ts';
import { sha256FromBytes } from '#proto/sha256.ts';
import { createDirectoryStore } from '#services/shared/artifact-store.ts';
import { applyRunEvent, INITIAL_RUN_STATE } from '#workflows/run/state.ts';
import type { Violation } from './violation.ts';

const PAGE_RUNS = 100;

interface RunRow {
  run_id: string;
  status: string;
  phase: string;
  terminal_reason: string;
  verdict: { verdict: string } | null;
  trajectory_hash: Uint8Array | null;
  replay: ArtifactRef | null;
  waiting_approvals: bigint;
}

export interface Expectation {
  /** How a run ends, where nothing but faults happened to it. */
  status: 'succeeded' | 'failed' | 'canceled';
  /** Null: there is none. */
  verdict: string | null;
}

/** Ends, verdicts and replay files. */
export async function checkRuns(
  sql: Sql,
  artifactsDirectory: string,
  expectationOf: (runId: string) => Expectation,
): Promise<Violation[]> {
  const violations: Violation[] = [];
  const pages = sql<RunRow[]>`
    select r.run_id, r.status, r.phase, r.terminal_reason, r.verdict, r.trajectory_hash, r.replay,
      (select count(*) from runtime.approvals a where a.run_id = r.run_id and a.state = 'requested') as waiting_approvals
    from runtime.runs r`.cursor(PAGE_RUNS);
  for await (const page of pages) {
    for (const run of page) {
      violations.push(...endOf(run, expectationOf(run.run_id)));
      const fault = await replayFault(run, artifactsDirectory);
      if (fault) violations.push({ rule: 'replay', subject: run.run_id, detail: fault });
    }
  }
  return violations;
}

function endOf(run: RunRow, expected: Expectation): Violation[] {
  const found: Violation[] = [];
  const verdict = run.verdict?.verdict ?? null;
  if (run.status !== expected.status || verdict !== expected.verdict) {
    const detail = `it is ${run.status} ${run.phase}, verdict ${verdict}: ${run.terminal_reason}`;
    found.push({ rule: 'run_open', subject: run.run_id, detail });
  }
  if (run.waiting_approvals > 0n) {
    const detail = `${run.waiting_approvals} approvals are asked for`;
    found.push({ rule: 'waiting', subject: run.run_id, detail });
  }
  return found;
}

async function replayFault(run: RunRow, directory: string): Promise<string | undefined> {
  if (!run.replay || !run.trajectory_hash) return 'there is no replay file';
  const stored = await createDirectoryStore(directory).get(run.replay.sha256);
  if (!stored) return `the file ${run.replay.sha256} is not among the artifacts`;
  const reader = replayReader();
  let state = INITIAL_RUN_STATE;
  try {
    for await (const text of createInterface({ input: stored.stream.pipe(createGunzip()) })) {
      const line = reader.next(text);
      if (line.type === 'RuntimeEvent') {
        state = applyRunEvent(state, line.event_type, line.payload);
      }
    }
    const end = reader.end();
    if (state.status !== end.run_status)
      return `it says ${end.run_status}, its events ${state.status}`;
    if (end.run_status !== run.status) return `it ends ${end.run_status}, the run is ${run.status}`;
    return end.trajectory_hash === sha256FromBytes(run.trajectory_hash)
      ? undefined
      : `it ends with ${end.trajectory_hash}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
