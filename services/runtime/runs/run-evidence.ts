import { Readable } from 'node:stream';
import { listRunReceipts } from '#db/runtime/receipts.ts';
import { readPayload, streamRunEvents } from '#db/runtime/run-events.ts';
import type { RunRow } from '#db/runtime/runs.ts';
import { ProblemError } from '#proto/errors.ts';
import { type ReplayEvent, writeReplay } from '#proto/replay.ts';
import type { Sha256 } from '#proto/sha256.ts';
import { isTerminalStatus } from '#workflows/run/state.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { readableRun, runIdOf } from './run-access.ts';
import { sendArtifact } from './run-artifacts.ts';

const RUN_RECEIPT_SCHEMA = 'openagents.run.receipt.v1';
const PRODUCER = 'openagents-runtime';
const NDJSON = 'application/x-ndjson';
const NOT_READY_RETRY_MS = 1_000;

export function getRunReceipt(deps: RuntimeDeps): RuntimeHandler<'runtime.run.receipt'> {
  return async function getRunReceipt({ params, caller }) {
    const { run_id } = await endedRun(deps, caller, params);
    const [stored] = await listRunReceipts(deps.sql, { run_id, schema: RUN_RECEIPT_SCHEMA });
    if (!stored) throw notReady('The receipt');
    return { data: { receipt: stored.receipt } };
  };
}

/** The stored file once it is derived; until then the same lines from the log, in constant memory. */
export function getRunReplay(deps: RuntimeDeps): RuntimeHandler<'runtime.run.replay'> {
  return async function getRunReplay({ params, caller, headers }) {
    const run = await endedRun(deps, caller, params);
    if (run.replay) {
      const stored = await sendArtifact(deps, run.run_id, run.replay.sha256 as Sha256);
      return inflated(stored, headers.get('accept-encoding') ?? '');
    }
    const lines = writeReplay(
      {
        producer: PRODUCER,
        run_id: run.run_id,
        ended_at_ms: (run.terminal_at ?? run.updated_at).getTime(),
      },
      replayEvents(deps, run),
    );
    // Node's web streams and the fetch types differ only in name.
    return new Response(Readable.toWeb(Readable.from(lines)) as ReadableStream, {
      headers: { 'content-type': NDJSON },
    });
  };
}

/** The file is stored compressed; whoever cannot read that gets its lines. */
function inflated(stored: Response, acceptEncoding: string): Response {
  const headers = new Headers(stored.headers);
  headers.set('content-type', NDJSON);
  headers.set('vary', 'accept-encoding');
  if (/\bgzip\b/.test(acceptEncoding)) {
    headers.set('content-encoding', 'gzip');
    return new Response(stored.body, { headers });
  }
  headers.delete('content-length');
  const lines = stored.body?.pipeThrough(new DecompressionStream('gzip'));
  return new Response(lines ?? null, { headers });
}

export function getRunBundle(deps: RuntimeDeps): RuntimeHandler<'runtime.run.bundle'> {
  return async function getRunBundle({ params, caller }) {
    const run = await endedRun(deps, caller, params);
    if (run.bundle) {
      return sendArtifact(deps, run.run_id, run.bundle.sha256 as Sha256, {
        'content-type': 'application/gzip',
        'content-disposition': `attachment; filename="${run.run_id}.tar.gz"`,
      });
    }
    if (!run.replay) throw notReady('The bundle');
    throw new ProblemError('not_found', 'The run produced no patch, so it has no bundle.');
  };
}

async function* replayEvents({ sql }: RuntimeDeps, run: RunRow): AsyncGenerator<ReplayEvent, void> {
  for await (const event of streamRunEvents(sql, run.run_id)) {
    const { recorded_at, payload, ...rest } = event;
    yield { ...rest, payload: readPayload(payload), recorded_at_ms: recorded_at.getTime() };
  }
}

async function endedRun(
  deps: RuntimeDeps,
  caller: Parameters<typeof readableRun>[1],
  params: Readonly<Record<string, string>>,
): Promise<RunRow> {
  const run = await readableRun(deps.sql, caller, runIdOf(params));
  if (isTerminalStatus(run.status)) return run;
  throw new ProblemError('not_ready', `The run has not ended: it is ${run.status}.`);
}

function notReady(what: string): ProblemError {
  return new ProblemError('not_ready', `${what} is being written.`, {
    retryAfterMs: NOT_READY_RETRY_MS,
  });
}
