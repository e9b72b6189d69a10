/** An agent host at the edge of our system: it registers, reads its requests and answers as the runtime would commit it. */
import { setTimeout as delay } from 'node:timers/promises';
import { receiptOf } from '#activities/run/dispatch.ts';
import { grantArtifact } from '#db/runtime/artifacts.ts';
import { findReceiptEvent } from '#db/runtime/dispatch.ts';
import {
  endWorkerRequest,
  listWorkerRequests,
  type RequestEnd,
  type WorkerRequestRow,
} from '#db/runtime/worker-requests.ts';
import { insertWorker } from '#db/runtime/workers.ts';
import { transaction } from '#db/transaction.ts';
import type { JsonObject } from '#proto/canonical.ts';
import type { ArtifactRef } from '#proto/gen/types.ts';
import { newId, type WorkerId } from '#proto/ids.ts';
import type { Sha256 } from '#proto/sha256.ts';
import { runWorkflowId, type TurnResponse, workerReceiptSignal } from '#workflows/run/messages.ts';
import { LEASE_MS } from '#workflows/worker/state.ts';
import type { Lab } from './lab.ts';

const POLL_MS = 20;
const WAIT_MS = 15_000;

export interface ScriptedAgent {
  worker_id: WorkerId;
  /** The next open request of a method. */
  request(method: string): Promise<WorkerRequestRow>;
  /** Commits an answer as the runtime does, then signals the run unless the signal is to be lost. */
  answer(request: WorkerRequestRow, end: RequestEnd, options?: { signal: boolean }): Promise<void>;
  /** Appends events as the host does over HTTP. */
  emit(runId: string, events: { event_type: string; payload: JsonObject }[]): Promise<void>;
  /** Stores a file and grants it to the run. */
  store(runId: string, kind: string, text: string): Promise<ArtifactRef>;
  /** Answers a turn with a patch. */
  completeTurn(request: WorkerRequestRow, part?: Partial<TurnResponse>): Promise<void>;
  /** From now on the lease is in the past. */
  vanish(): Promise<void>;
}

export async function startAgent(
  lab: Lab,
  owner: { user_id: string },
  labels: Record<string, string> = {},
): Promise<ScriptedAgent> {
  const { sql, journal, client, artifacts } = lab;
  const worker_id = newId('worker');
  await transaction(sql, (tx) =>
    insertWorker(tx, {
      worker_id,
      user_id: owner.user_id,
      org_id: null,
      workspace_ref: '/work',
      codex_home_ref: '',
      adapter: 'command',
      labels,
      metadata: {},
      shared_with_org: false,
      lease_ms: LEASE_MS,
    }),
  );

  const agent: ScriptedAgent = {
    worker_id,
    async request(method) {
      const deadlineMs = Date.now() + WAIT_MS;
      for (;;) {
        const open = await listWorkerRequests(sql, { worker_id, state: 'pending', limit: 50 });
        const found = open.find((request) => request.method === method);
        if (found) return found;
        if (Date.now() > deadlineMs) throw new Error(`no ${method} reached the agent`);
        await delay(POLL_MS);
      }
    },
    async answer(request, end, options = { signal: true }) {
      const { request_id, run_id } = request;
      await transaction(sql, (tx) => endWorkerRequest(tx, journal, { worker_id, request_id }, end));
      if (!options.signal || !run_id) return;
      const stored = await findReceiptEvent(sql, { worker_id, request_id });
      if (!stored) throw new Error('the receipt was not stored');
      const receipt = receiptOf({ worker_id, request_id }, stored);
      await client.workflow.getHandle(runWorkflowId(run_id)).signal(workerReceiptSignal, receipt);
    },
    async emit(runId, events) {
      await journal.append({ run_id: runId as never, origin: 'public', events });
    },
    async store(runId, kind, text) {
      const stored = await artifacts.put(chunks(text), { bytesMax: 1_000_000 });
      await grantArtifact(sql, {
        run_id: runId,
        sha256: stored.sha256 as Sha256,
        bytes: stored.bytes,
        kind,
      });
      return { kind, sha256: stored.sha256, bytes: String(stored.bytes), uri: '' };
    },
    async completeTurn(request, part = {}) {
      const runId = request.run_id ?? '';
      const patch = await agent.store(runId, 'patch', PATCH);
      const repo_bundle = await agent.store(runId, 'repo_bundle', 'a git bundle');
      const response: TurnResponse = {
        status: 'completed',
        exit_code: 0,
        base_commit: 'b'.repeat(40),
        base_tree: 'c'.repeat(40),
        patch,
        repo_bundle,
        files_changed: 1,
        output: null,
        ...part,
      };
      await agent.answer(request, { ok: true, response: response as unknown as JsonObject });
    },
    async vanish() {
      await sql`update runtime.workers set lease_expires_at = clock_timestamp() - interval '1 s'
        where worker_id = ${worker_id}`;
    },
  };
  return agent;
}

export const PATCH =
  'diff --git a/sum.js b/sum.js\n--- a/sum.js\n+++ b/sum.js\n@@ -1 +1 @@\n-a\n+b\n';

async function* chunks(text: string) {
  yield Buffer.from(text);
}
