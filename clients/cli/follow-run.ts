import { setTimeout as delay } from 'node:timers/promises';
import type { Run } from '#proto/gen/types.ts';
import { parseId, type RunId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import { ApiError } from '../api/errors.ts';
import { backoffMs } from '../api/transport.ts';
import type { SnapshotRequired, SyncEvent } from '../khala/types.ts';
import type { Watermark } from '../khala/watermark-store.ts';
import { createApprovalPrompt } from './approval-prompt.ts';
import type { Cli, Connection } from './cli.ts';
import { CliError, EXIT, usageError } from './exit-codes.ts';
import { openKhala, openWatermarks } from './live.ts';
import { createRunView } from './run-view.ts';

/** The run as it stands when it has ended. */
export async function getRun({ api }: Connection, runId: string): Promise<Run> {
  const { run } = await api.call('runtime.run.get', { params: { run_id: runId } });
  if (!run) throw new CliError(EXIT.failure, `the platform answered nothing about ${runId}`);
  return run;
}

/** The run as soon as the platform can be reached, which a lost network only delays; undefined once `done`. */
async function getRunOnceReachable(
  connection: Connection,
  runId: string,
  done: AbortSignal,
): Promise<Run | undefined> {
  for (let attempt = 1; !done.aborted; attempt += 1) {
    try {
      return await getRun(connection, runId);
    } catch (error) {
      if (!(error instanceof ApiError) || !error.retryable) throw error;
      await delay(backoffMs(attempt, Math.random), undefined, {
        signal: done,
      }).catch(() => undefined);
    }
  }
  return undefined;
}

export function checkRunId(text: string): RunId {
  try {
    return parseId('run', text);
  } catch {
    throw usageError(
      `${text} is not a run id`,
      'A run id begins with run_. `oa runs ls` shows yours.',
    );
  }
}

export type Followed = 'finished' | 'interrupted';

/**
 * Shows a run's events until it has finished or `stop` fires. Where it stood is stored after each event, so that the
 * next call continues there; `fromStart` begins anew.
 */
export async function followRun(
  cli: Cli,
  connection: Connection,
  runId: RunId,
  options: { fromStart: boolean; stop: AbortSignal },
): Promise<Followed> {
  const store = await openWatermarks(connection, 'run-view');
  const view = createRunView({ paint: cli.paintError });
  const prompt = cli.interactive && !cli.json ? createApprovalPrompt(cli, connection, runId) : null;
  /** Whether the log has been read to its end: before that, what it asks may be answered long since. */
  let isLive = false;
  /** An event on the screen; a question of the run is asked below it, or taken away. */
  function present(event: ShownEvent): void {
    if (prompt) prompt.aside(() => show(cli, view, runId, event));
    else show(cli, view, runId, event);
    const approvalId = memberText(event.payload, 'approval_id');
    if (event.kind === 'approval.requested' && isLive) prompt?.look();
    if (event.kind === 'approval.resolved' || event.kind === 'approval.superseded') {
      prompt?.isOver(approvalId);
    }
    if (event.kind === 'run.finished') settle('finished');
  }
  let settle: (how: Followed) => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const ended = new Promise<Followed>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  const khala = await openKhala(connection, store, 'cli', (state) => {
    if (state.name === 'blocked') {
      const code = state.action === 'log_in' ? EXIT.auth : EXIT.failure;
      fail(new CliError(state.action === 'upgrade' ? EXIT.upgradeRequired : code, state.reason));
    }
    if (state.name === 'backoff' && state.attempt > 0) {
      cli.say(cli.paintError('dim', `  the connection is lost (${state.reason}); trying again`));
    }
  });
  /** The paged log is what a reader that was away too long continues with. */
  async function readLog(
    from: Watermark | undefined,
    required: SnapshotRequired,
  ): Promise<Watermark> {
    let seq = from?.epoch === required.epoch ? from.seq : 0n;
    for (;;) {
      const page = await connection.api.call('runtime.run.events.list', {
        params: { run_id: runId },
        query: { after_seq: String(seq), limit: PAGE_EVENTS },
      });
      for (const event of page.events) {
        present({
          seq: BigInt(event.seq),
          kind: event.event_type,
          payload: event.payload ?? {},
          recordedAtMs: Date.parse(event.recorded_at ?? ''),
          eventHash: event.event_hash,
        });
        seq = BigInt(event.seq);
      }
      if (page.events.length === 0 || seq >= BigInt(page.head_seq))
        return { epoch: page.epoch, seq };
    }
  }
  const interrupt = () => settle('interrupted');
  const done = new AbortController();
  options.stop.addEventListener('abort', interrupt, { once: true });
  try {
    const subscription = khala.subscribe(topics.runEvents(runId), {
      from: options.fromStart ? 'beginning' : 'stored',
      onEvent: present,
      // A finished run brings no further event: whoever was caught up before has seen its end.
      onCaughtUp: () => {
        isLive = true;
        prompt?.look();
        void getRunOnceReachable(connection, runId, done.signal).then((run) => {
          const position = subscription.position?.seq ?? 0n;
          if (run && isTerminal(run) && position >= BigInt(run.latest_seq)) settle('finished');
        }, fail);
      },
      onSnapshotRequired: (required) => readLog(subscription.position, required),
    });
    subscription.ended.catch(fail);
    if (options.stop.aborted) interrupt();
    return await ended;
  } finally {
    done.abort();
    options.stop.removeEventListener('abort', interrupt);
    prompt?.close();
    await khala.close().catch(() => undefined);
  }
}

/** Events of one page; the log answers at most this many. */
const PAGE_EVENTS = 500;

export function isTerminal(run: Run): boolean {
  return run.status === 'succeeded' || run.status === 'failed' || run.status === 'canceled';
}

type ShownEvent = Pick<SyncEvent, 'seq' | 'kind' | 'payload' | 'recordedAtMs' | 'eventHash'>;

function show(
  cli: Cli,
  view: ReturnType<typeof createRunView>,
  runId: string,
  event: ShownEvent,
): void {
  if (cli.json) {
    cli.printJson('run_event', {
      run_id: runId,
      seq: String(event.seq),
      event_type: event.kind,
      recorded_at_ms: event.recordedAtMs,
      event_hash: event.eventHash,
      payload: event.payload,
    });
    return;
  }
  const viewed = { seq: event.seq, eventType: event.kind, payload: event.payload };
  for (const line of view.lines(viewed)) cli.say(line);
}

function memberText(payload: SyncEvent['payload'], name: string): string {
  const value =
    typeof payload === 'object' && payload !== null ? Reflect.get(payload, name) : undefined;
  return typeof value === 'string' ? value : '';
}
