/**
 * The only writer of events: the log of each run and the journal of every topic.
 *
 * 1. Locks are taken in one order: runs, then topics, each by its text. Inside an activity's transaction that means
 *    `appendIn` before `publishIn`, and one of each.
 * 2. A step is whole or nothing, and a refused step leaves the others of its batch untouched.
 * 3. Idempotency is looked up before any rule of state.
 * 4. Sequence, chain, read model, summaries and heads move in one commit; hints follow it.
 *
 * `append` gathers steps while a flush is under way, so that one synchronous commit carries many (ADR 0002).
 */
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { ProblemError } from '#proto/errors.ts';
import { redactJson } from '#proto/redact.ts';
import { TOPIC_POLICY } from '#proto/topics.ts';
import { type Sql, singleConnection } from '../connect.ts';
import { afterCommit, inheritFaultPoints, type Tx, transaction } from '../transaction.ts';
import { insertCommandReceipts, type StoredCommandReceipt } from './command-receipts.ts';
import { createFlushQueue, type FlushItem } from './flush-queue.ts';
import type { DirtyTopic } from './hint-payload.ts';
import { appendBatch, type StepOutcome } from './journal-batch.ts';
import { type PublishDraft, publishRows } from './publish.ts';
import { createPublishRate } from './publish-rate.ts';
import {
  type PreparedStep,
  prepareStep,
  type Redact,
  type StepDraft,
  type StepResult,
  type TopicPosition,
} from './step.ts';

/** The receipt of a step's command, once its positions are known. */
export type ReceiptOf = (result: StepResult) => StoredCommandReceipt;

export interface Journal {
  /**
   * Appends in a transaction of its own, shared with other steps where they arrive together; the receipt of the step's
   * command, where it has one, is stored in it.
   * Throws ProblemError: invalid_request, not_found, idempotency_conflict, sequence_conflict, run_closed,
   * reserved_event_type, payload_too_large, rate_limited; service_unavailable where the outcome is unknown
   * or the queue is full, which is safe to repeat with idempotency keys.
   */
  append(step: StepDraft, receiptOf?: ReceiptOf): Promise<StepResult>;
  /** The same inside an activity's own transaction; the hint follows its commit. */
  appendIn(tx: Tx, step: StepDraft): Promise<StepResult>;
  /** Rows on topics other than a run's. Throws ProblemError: invalid_request, payload_too_large. */
  publishIn(tx: Tx, rows: readonly PublishDraft[]): Promise<TopicPosition[]>;
  /** Flushes what was taken and closes the journal's connection. */
  close(): Promise<void>;
}

export interface JournalDeps {
  sql: Sql;
  /** Called after each commit with the topics that moved; must not throw. */
  hint: (dirty: readonly DirtyTopic[]) => void;
  clock?: () => number;
  redact?: Redact;
  /** Batches of callers of the append API per run; the platform's own are gathered. */
  publishRatePerSecond?: number;
}

/** Bounds what one commit holds locked; measured, larger batches gain nothing more (docs/bench.md). */
const BATCH_STEPS_MAX = 256;
const BATCH_BYTES_MAX = 4 * 1_048_576;
/** Some seconds of work at full rate; a caller that waits longer had better retry elsewhere. */
const WAITING_STEPS_MAX = 10_000;
const FULL_RETRY_AFTER_MS = 1_000;
/** Deadlocks and serialization failures are resolved by trying again; three in a row are not chance. */
const ATTEMPTS_MAX = 3;
const RETRY_PAUSE_MS = 10;

const CLOSE_TIMEOUT_S = 5;

interface QueuedStep extends FlushItem {
  step: PreparedStep;
  receiptOf: ReceiptOf | undefined;
  resolve(result: StepResult): void;
  reject(error: unknown): void;
}

export function createJournal(deps: JournalDeps): Journal {
  const {
    hint,
    clock = Date.now,
    redact = redactJson,
    publishRatePerSecond = TOPIC_POLICY.run_events.publishRatePerSecond,
  } = deps;
  // One flush at a time needs one connection, and on one of its own its plans stay warm: measured, a third faster.
  const sql = singleConnection(deps.sql);
  inheritFaultPoints(deps.sql, sql);
  const rate = createPublishRate({ perSecond: publishRatePerSecond, clock });
  const queue = createFlushQueue<QueuedStep>({
    flush,
    countMax: BATCH_STEPS_MAX,
    bytesMax: BATCH_BYTES_MAX,
    waitingMax: WAITING_STEPS_MAX,
  });

  function prepare(step: StepDraft): PreparedStep {
    if (step.origin === 'public') assertRate(step.run_id);
    return prepareStep(step, redact);
  }

  function assertRate(runId: string): void {
    const decision = rate.take(runId);
    if (decision.ok) return;
    throw new ProblemError('rate_limited', 'this run takes no more batches for a moment', {
      retryAfterMs: decision.retryAfterMs,
    });
  }

  async function store(items: QueuedStep[]): Promise<StepOutcome[]> {
    const steps = items.map((item) => item.step);
    if (items.every((item) => !item.receiptOf)) return appendBatch(sql, steps);
    return transaction(sql, async (tx) => {
      const outcomes = await appendBatch(tx, steps);
      const receipts = outcomes.flatMap((outcome, index) => {
        const receiptOf = items[index]?.receiptOf;
        return outcome.ok && receiptOf ? [receiptOf(outcome.result)] : [];
      });
      if (receipts.length > 0) await insertCommandReceipts(tx, receipts);
      return outcomes;
    });
  }

  async function flush(items: QueuedStep[]): Promise<void> {
    try {
      const outcomes = await withRetries(() => store(items));
      hint(outcomes.flatMap((outcome) => (outcome.ok ? outcome.dirty : [])));
      for (const [index, item] of items.entries()) settle(item, outcomes[index]);
    } catch (error) {
      if (items.length > 1 && isStatementFault(error)) {
        // One step broke the statement for all (invariant 2): each alone, so that only that one fails.
        for (const item of items) await flush([item]);
        return;
      }
      const failure = isStatementFault(error) ? error : unavailable(error);
      for (const item of items) item.reject(failure);
    }
  }

  return {
    async append(draft, receiptOf) {
      const step = prepare(draft);
      return new Promise<StepResult>((resolve, reject) => {
        const keys = step.events.flatMap((event) =>
          event.idempotency_key === null ? [] : [`${step.run_id} ${event.idempotency_key}`],
        );
        const taken = queue.push({
          ...{ step, receiptOf, resolve, reject, keys },
          group: step.run_id,
          bytes: step.bytes,
        });
        if (taken) return;
        reject(
          new ProblemError('service_unavailable', 'too many appends are waiting', {
            retryAfterMs: FULL_RETRY_AFTER_MS,
          }),
        );
      });
    },
    async appendIn(tx, draft) {
      const [outcome] = await appendBatch(tx, [prepare(draft)]);
      if (outcome === undefined) throw new Error('journal_append answered nothing');
      if (!outcome.ok) throw outcome.problem;
      afterCommit(tx, () => hint(outcome.dirty));
      return outcome.result;
    },
    async publishIn(tx, rows) {
      const dirty = await publishRows(tx, rows, redact);
      afterCommit(tx, () => hint(dirty));
      return dirty.map(({ topic, head_seq }) => ({ topic, seq: head_seq }));
    },
    async close() {
      await queue.drain();
      await sql.end({ timeout: CLOSE_TIMEOUT_S });
    },
  };
}

function settle(item: QueuedStep, outcome: StepOutcome | undefined): void {
  if (outcome?.ok) item.resolve(outcome.result);
  else item.reject(outcome?.problem ?? new Error('journal_append answered fewer rows than steps'));
}

async function withRetries<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (attempts >= ATTEMPTS_MAX || !isContention(error)) throw error;
      await delay(RETRY_PAUSE_MS * attempts);
    }
  }
}

/** serialization_failure, deadlock_detected: nothing was stored and the same statement may succeed. */
function isContention(error: unknown): boolean {
  return (
    error instanceof postgres.PostgresError && (error.code === '40001' || error.code === '40P01')
  );
}

/** The server read the statement and refused it: its outcome is known. Classes 08, 53, 57, 58 are the server's own bad day. */
function isStatementFault(error: unknown): boolean {
  return error instanceof postgres.PostgresError && !/^(08|53|57|58)/.test(error.code);
}

function unavailable(cause: unknown): ProblemError {
  return new ProblemError('service_unavailable', 'the log could not be reached', {
    retryAfterMs: FULL_RETRY_AFTER_MS,
    cause,
  });
}
