import { setTimeout as delay } from 'node:timers/promises';
import type { HeartbeatResponse } from '#proto/gen/types.ts';
import { ApiError } from '../api/errors.ts';
import type { HostEnd } from './host-end.ts';
import type { HostLog } from './publisher.ts';

export interface LeaseDeps {
  renew(signal: AbortSignal): Promise<HeartbeatResponse>;
  renewMs: number;
  log: HostLog;
  onEnd(end: HostEnd): void;
}

/** After a failed renewal, soon enough to save a lease that three renewals long silence would lose. */
const RETRY_MS = 3_000;

/**
 * Renews the worker's lease until stopped. An unreachable platform is tried again; a lease that is another's, or a
 * worker that its owner stopped, ends the host.
 */
export function startLease(deps: LeaseDeps): { stop(): void } {
  const stopping = new AbortController();
  const { signal } = stopping;

  async function keep(): Promise<void> {
    let waitMs = deps.renewMs;
    let away = false;
    while (!signal.aborted) {
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        const { status } = await deps.renew(signal);
        waitMs = deps.renewMs;
        if (away) deps.log.info('the lease is renewed again');
        away = false;
        if (status === 'stopping' || status === 'stopped') {
          deps.onEnd({ kind: 'stopped', reason: 'its owner stopped this worker' });
          return;
        }
      } catch (error) {
        if (signal.aborted) return;
        const end = endOf(error);
        if (end) {
          deps.onEnd(end);
          return;
        }
        if (!away) deps.log.warn(`the lease is not renewed: ${messageOf(error)}`);
        away = true;
        waitMs = RETRY_MS;
      }
    }
  }

  void keep();
  return { stop: () => stopping.abort() };
}

function endOf(error: unknown): HostEnd | undefined {
  if (!(error instanceof ApiError) || error.retryable) return undefined;
  switch (error.kind) {
    case 'Unauthorized':
    case 'MissingCredential':
      return { kind: 'unauthorized', reason: error.message };
    case 'Validation':
      return { kind: 'superseded', reason: error.message };
    case 'Forbidden':
    case 'Unsupported':
      return { kind: 'failed', reason: error.message };
    case 'Network':
    case 'ServiceUnavailable':
    case 'RateLimited':
    case 'Decode':
    case 'Unknown':
      return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
