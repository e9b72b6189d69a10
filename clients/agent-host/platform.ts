/** What a host asks of the platform, over the typed client. */
import { openAsBlob } from 'node:fs';
import type { ArtifactRef, RegisterWorkerRequest, WorkerStatus } from '#proto/gen/types.ts';
import type { Draft } from '#proto/read.ts';
import type { ApiClient } from '../api/client.ts';
import { ApiError, refusal } from '../api/errors.ts';
import { type ApprovalPost, answerOf, type PostedApproval } from './approval-desk.ts';
import { gatherPosts } from './gathered-posts.ts';
import type { HostRequest, TerminalReceipt } from './request-journal.ts';
import type { SpooledEvent } from './spool.ts';
import type { ArtifactKind } from './turn.ts';
import type { StoredFile } from './workspace.ts';

export type Platform = ReturnType<typeof createPlatform>;

/** The server takes no longer for the largest artifact; a small one on a line that fell silent is sent again sooner. */
const UPLOAD_TIMEOUT_MS_MAX = 10 * 60_000;
const UPLOAD_TIMEOUT_MS_MIN = 30_000;
/** A slow line. */
const UPLOAD_BYTES_PER_MS = 64;

function uploadTimeoutMs(bytes: number): number {
  return Math.min(UPLOAD_TIMEOUT_MS_MAX, UPLOAD_TIMEOUT_MS_MIN + bytes / UPLOAD_BYTES_PER_MS);
}

/**
 * A renewal is one small update. Waiting for it as long as for other calls would cost the lease: on a line that fell silent
 * there is time for three attempts before it ends.
 */
const RENEWAL_TIMEOUT_MS = 5_000;

export function createPlatform(api: ApiClient) {
  return {
    register: (description: Draft<RegisterWorkerRequest>) =>
      api.call('runtime.worker.register', { body: description }),

    heartbeat: (workerId: string, leaseEpoch: string, signal: AbortSignal) =>
      api.call('runtime.worker.heartbeat', {
        params: { worker_id: workerId },
        body: { lease_epoch: leaseEpoch },
        attemptsMax: 1,
        timeoutMs: RENEWAL_TIMEOUT_MS,
        signal,
      }),

    setStatus: (workerId: string, status: WorkerStatus, reason: string) =>
      api.call('runtime.worker.status.set', {
        params: { worker_id: workerId },
        body: { status, reason },
      }),

    /** The worker's open requests, and the position of its topic that they stand for. */
    async pendingRequests(workerId: string) {
      const answer = await api.call('runtime.worker.request.list', {
        params: { worker_id: workerId },
        query: { state: 'pending' },
      });
      const requests = answer.requests.map(
        (request): HostRequest => ({
          request_id: request.request_id,
          run_id: request.run_id,
          thread_id: request.thread_id,
          method: request.method,
          turn: typeof request.params?.['turn'] === 'number' ? request.params['turn'] : 1,
          params: request.params ?? {},
          deadline_at_ms: Date.parse(request.deadline_at ?? ''),
        }),
      );
      return { requests, position: { epoch: answer.epoch, seq: BigInt(answer.as_of_seq) } };
    },

    /** One attempt; the caller repeats under the same key until it is acknowledged. */
    postReceipt: (workerId: string, requestId: string, receipt: TerminalReceipt) =>
      api.call('runtime.worker.events.append', {
        params: { worker_id: workerId },
        body: { events: [{ ...receipt, idempotency_key: `receipt/${requestId}` }] },
        attemptsMax: 1,
      }),

    /** One attempt; each event carries its own key. */
    postEvents: gatherPosts<SpooledEvent, string>({
      async one({ runId, events }) {
        const { head_seq } = await api.call('runtime.run.events.append', {
          params: { run_id: runId },
          body: { events: [...events] },
          attemptsMax: 1,
        });
        return head_seq;
      },
      async together(batches) {
        const { results } = await api.call('runtime.runs.events.append', {
          body: {
            batches: batches.map(({ runId, events }) => ({ run_id: runId, events: [...events] })),
          },
          attemptsMax: 1,
        });
        return results.map(({ code, detail, retry_after_ms, head_seq }) =>
          code === '' ? head_seq : refusal(code, detail, Number(retry_after_ms)),
        );
      },
    }),

    /** One attempt at a question of an agent, under a key that makes repetitions one question. */
    async requestApproval({ runId, requestId, question }: ApprovalPost): Promise<PostedApproval> {
      const { approvalKey, kind, subject, reason, scopes, ruleKey } = question;
      const answer = await api.call('runtime.run.approval.request', {
        params: { run_id: runId },
        body: {
          request_id: requestId,
          approval_key: approvalKey,
          kind,
          subject,
          reason,
          scopes: [...scopes],
          rule_key: ruleKey,
        },
        idempotencyKey: `${requestId}:${approvalKey}`,
        attemptsMax: 1,
      });
      return { waits: answer.state === 'requested', ...answerOf(answer) };
    },

    async putArtifact(runId: string, kind: ArtifactKind, file: StoredFile): Promise<ArtifactRef> {
      const answer = await api.call('runtime.run.artifact.put', {
        params: { run_id: runId, sha256: file.sha256 },
        query: { kind },
        bytes: await openAsBlob(file.path),
        timeoutMs: uploadTimeoutMs(file.bytes),
      });
      if (!answer.artifact) throw new ApiError('Decode', 'the stored artifact was not named');
      return answer.artifact;
    },

    async getArtifact(runId: string, sha256: string): Promise<Uint8Array> {
      const response = await api.download('runtime.run.artifact.get', {
        params: { run_id: runId, sha256 },
      });
      return new Uint8Array(await response.arrayBuffer());
    },
  };
}
