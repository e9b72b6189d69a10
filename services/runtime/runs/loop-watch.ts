/**
 * Follows the tool calls of runs as they are appended, and tells who turns in a circle.
 *
 * 1. The log is authority: what one process remembers is a fold of it. Where memory is missing, or another replica or the
 *    platform wrote in between, the log is read.
 * 2. Nothing waits for it: it works after the commit, and a batch without tool calls costs a look at its types.
 * 3. A warning is journaled once per streak, by its key. A critical finding is a hint to the run, given again with the
 *    calls that follow, since an agent in a circle goes on.
 */
import type { Logger } from 'pino';
import type { Sql } from '#db/connect.ts';
import type { Journal } from '#db/runtime/journal.ts';
import { readPayload } from '#db/runtime/run-events.ts';
import { readNewestOfTypes } from '#db/runtime/run-steps.ts';
import type { AppendedEvent, EventDraft } from '#db/runtime/step.ts';
import type { JsonObject } from '#proto/canonical.ts';
import { ProblemError } from '#proto/errors.ts';
import { parseId } from '#proto/ids.ts';
import {
  findLoop,
  INITIAL_LOOP_STATE,
  type LoopFinding,
  type LoopState,
  observe,
} from '#workflows/run/loop-detection.ts';
import {
  loopEvent,
  observationsOf,
  TRACED_EVENT_TYPES,
  type TracedEvent,
} from '#workflows/run/tool-trace.ts';
import type { RuntimeMetrics } from '../metrics.ts';
import type { RunWorkflows } from './run-workflows.ts';

export interface LoopWatch {
  /** After the commit of an append: what was drafted, and where it stands. Returns at once. */
  appended(runId: string, drafts: readonly EventDraft[], stored: readonly AppendedEvent[]): void;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

export interface LoopWatchDeps {
  sql: Sql;
  journal: Pick<Journal, 'append'>;
  workflows: Pick<RunWorkflows, 'loopDetected'>;
  metrics: Pick<RuntimeMetrics, 'run_loops_found_total'>;
  logger: Pick<Logger, 'warn'>;
  now(): number;
  /** Runs remembered at once. */
  runsMax?: number;
}

/** Some KiB each. A run that falls out is read from its log with its next tool call. */
const RUNS_MAX = 2_000;
/** Twice what the detectors look back on, with the edits and artifacts between the calls. */
const TAIL_EVENTS = 400;
/** A run answers a signal within milliseconds; one that did not is told again with a later call. */
const RESIGNAL_MS = 5_000;

interface Watched {
  state: LoopState;
  /** Up to here the log is in `state`; -1: nothing is known. */
  seq: number;
  work: Promise<void>;
  /** Batches that wait for `work`. */
  waiting: number;
  signalledAtMs: number;
}

const TRACED = new Set(TRACED_EVENT_TYPES);

export function createLoopWatch(deps: LoopWatchDeps): LoopWatch {
  const { sql, journal, workflows, metrics, logger, now, runsMax = RUNS_MAX } = deps;
  const runs = new Map<string, Watched>();
  const underWay = new Set<Promise<void>>();

  /** The run's place in memory, now the youngest. */
  function remember(runId: string): Watched {
    const known = runs.get(runId);
    const watched = known ?? {
      state: INITIAL_LOOP_STATE,
      seq: -1,
      work: Promise.resolve(),
      waiting: 0,
      signalledAtMs: Number.NEGATIVE_INFINITY,
    };
    runs.delete(runId);
    runs.set(runId, watched);
    for (const [oldest] of runs) {
      if (runs.size <= runsMax) break;
      runs.delete(oldest);
    }
    return watched;
  }

  async function follow(runId: string, watched: Watched, batch: Batch): Promise<void> {
    if (batch.lastSeq <= watched.seq) return;
    const events = await eventsBetween(runId, watched, batch);
    const finding = fold(watched, events);
    watched.seq = Math.max(batch.lastSeq, events.at(-1)?.seq ?? 0);
    if (finding?.level === 'critical') tell(runId, watched, finding);
    else if (finding) await warn(runId, watched, finding);
  }

  /** Invariant 1. */
  async function eventsBetween(runId: string, watched: Watched, batch: Batch) {
    if (batch.firstSeq === watched.seq + 1 && batch.traced.every(isHashed)) return batch.traced;
    const rows = await readNewestOfTypes(sql, runId, TRACED_EVENT_TYPES, {
      afterSeq: Math.max(watched.seq, 0),
      limit: TAIL_EVENTS,
    });
    // More was missed than the detectors remember.
    if (rows.length === TAIL_EVENTS) watched.state = INITIAL_LOOP_STATE;
    return rows.map(({ seq, event_type, payload }) => ({
      seq: Number(seq),
      event_type,
      payload: readPayload(payload),
    }));
  }

  async function warn(runId: string, watched: Watched, finding: LoopFinding): Promise<void> {
    try {
      const { head_seq } = await journal.append({
        run_id: parseId('run', runId),
        origin: 'platform',
        events: [loopEvent(finding)],
      });
      if (Number(head_seq) === watched.seq + 1) watched.seq += 1;
      metrics.run_loops_found_total.record(1, { detector: finding.detector, level: 'warning' });
    } catch (error) {
      // Another replica was first, with other words; or the run has ended.
      const isSaid = error instanceof ProblemError && SAID.has(error.code);
      if (!isSaid) throw error;
    }
    const { since_seq } = finding;
    watched.state = observe(watched.state, { kind: 'warned', seq: watched.seq, since_seq });
  }

  /** Invariant 3. */
  function tell(runId: string, watched: Watched, finding: LoopFinding): void {
    if (now() - watched.signalledAtMs < RESIGNAL_MS) return;
    watched.signalledAtMs = now();
    metrics.run_loops_found_total.record(1, { detector: finding.detector, level: 'critical' });
    workflows.loopDetected(runId, finding);
  }

  return {
    appended(runId, drafts, stored) {
      const batch = batchOf(drafts, stored);
      if (!batch) return;
      const isTraced = batch.traced.length > 0;
      if (!isTraced && !runs.has(runId)) return;
      const watched = remember(runId);
      if (!isTraced) {
        const follows = watched.waiting === 0 && batch.firstSeq === watched.seq + 1;
        if (follows) watched.seq = batch.lastSeq;
        return;
      }
      watched.waiting += 1;
      const work = watched.work
        .then(() => follow(runId, watched, batch))
        .catch((error: unknown) => {
          runs.delete(runId);
          logger.warn({ err: error, run_id: runId }, 'tool calls could not be followed');
        })
        .finally(() => {
          watched.waiting -= 1;
          underWay.delete(work);
        });
      watched.work = work;
      underWay.add(work);
    },
    async close() {
      await Promise.all(underWay);
    },
  };
}

const SAID: ReadonlySet<string> = new Set(['idempotency_conflict', 'run_closed']);

interface Batch {
  firstSeq: number;
  lastSeq: number;
  traced: TracedEvent[];
}

/** Undefined where the batch added nothing to the log. */
function batchOf(
  drafts: readonly EventDraft[],
  stored: readonly AppendedEvent[],
): Batch | undefined {
  const batch: Batch = { firstSeq: 0, lastSeq: 0, traced: [] };
  for (const [index, { seq, replayed }] of stored.entries()) {
    const draft = drafts[index];
    if (replayed || !draft) continue;
    batch.lastSeq = Number(seq);
    batch.firstSeq ||= batch.lastSeq;
    if (!TRACED.has(draft.event_type)) continue;
    const { event_type } = draft;
    // An object by contract.
    batch.traced.push({ seq: batch.lastSeq, event_type, payload: draft.payload as JsonObject });
  }
  return batch.lastSeq === 0 ? undefined : batch;
}

/** What a host did not hash is hashed as it was stored, with its secrets taken out. */
function isHashed({ event_type, payload }: TracedEvent): boolean {
  if (event_type === 'tool.call') return Boolean(payload['params_hash']);
  return event_type !== 'tool.result' || Boolean(payload['output_hash']);
}

/** The gravest finding about the streak that the run is in now: who has moved on meanwhile is left alone. */
function fold(watched: Watched, events: readonly TracedEvent[]): LoopFinding | null {
  let gravest: LoopFinding | null = null;
  for (const observation of events.flatMap(observationsOf)) {
    watched.state = observe(watched.state, observation);
    const finding = findLoop(watched.state);
    if (finding && gravest?.level !== 'critical') gravest = finding;
    if (gravest?.since_seq !== watched.state.since_seq) gravest = null;
  }
  const isWarned = gravest?.level === 'warning' && watched.state.warned_seq === gravest.since_seq;
  return isWarned ? null : gravest;
}
