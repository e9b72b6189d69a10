/**
 * Gets snapshots from the node that announced them, with the sync token and a proof (RFC 9449) that it is ours.
 *
 * It goes on trying like the socket does: what is refused for good, or cannot be read, ends; the rest comes back.
 */
import { backoffDelayMs } from './backoff.ts';
import { SnapshotUnreadableError, TopicRefusedError } from './errors.ts';
import type { ProveRequest } from './proof.ts';
import { readSnapshot } from './snapshot.ts';
import type { HeldToken } from './token-source.ts';
import type { Clock, Snapshot, SnapshotRequest } from './types.ts';

/** A snapshot that was cut or changed on its way may be whole the next time, but not for ever. */
const UNREADABLE_ATTEMPTS_MAX = 3;
const UNAUTHORIZED_ATTEMPTS_MAX = 2;

export interface SnapshotSourceOptions {
  /** The socket's address: snapshots are served at the same origin. */
  url: string;
  clock: Clock;
  random(): number;
  prove: ProveRequest;
  /** The token that the socket uses; a refused one is replaced. */
  obtainToken(): Promise<HeldToken>;
  renewToken(): Promise<HeldToken>;
  fetch(url: string, init: SnapshotRequest): Promise<Response>;
}

/** `moved`: nothing of this lineage is served there any more. */
export type FetchSnapshot = (
  topic: string,
  path: string,
  epoch: string,
  signal: AbortSignal,
) => Promise<Snapshot | 'moved'>;

export function createSnapshotSource(options: SnapshotSourceOptions): FetchSnapshot {
  const { clock, prove } = options;
  const origin = new URL(options.url).origin.replace(/^ws/, 'http');

  async function attempt(path: string, token: HeldToken, signal: AbortSignal): Promise<Response> {
    const url = `${origin}${path}`;
    const headers: Record<string, string> = token.bound
      ? {
          authorization: `DPoP ${token.token}`,
          dpop: await prove({ method: 'GET', url, token: token.token, atS: token.serverNowS() }),
        }
      : { authorization: `Bearer ${token.token}` };
    return options.fetch(url, { headers, signal });
  }

  function wait(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = clock.after(delayMs, resolve);
      signal.addEventListener('abort', () => {
        cancel();
        reject(signal.reason);
      });
    });
  }

  return async (topic, path, epoch, signal) => {
    let unreadable = 0;
    let unauthorized = 0;
    let isRefused = false;
    for (let failed = 0; ; failed += 1) {
      let hintMs = 0;
      try {
        const token = await (isRefused ? options.renewToken() : options.obtainToken());
        const response = await attempt(path, token, signal);
        if (response.ok) {
          const snapshot = await readSnapshot(topic, response);
          return snapshot.epoch === epoch ? snapshot : 'moved';
        }
        if (response.status === 404 || response.status === 410) return 'moved';
        isRefused = response.status === 401;
        if (isRefused) unauthorized += 1;
        if (response.status === 403 || unauthorized > UNAUTHORIZED_ATTEMPTS_MAX) {
          throw new TopicRefusedError(topic, 'forbidden_topic', 'its snapshot is refused');
        }
        hintMs = retryAfterMs(response);
      } catch (fault) {
        signal.throwIfAborted();
        if (fault instanceof TopicRefusedError) throw fault;
        if (fault instanceof SnapshotUnreadableError) unreadable += 1;
        if (unreadable >= UNREADABLE_ATTEMPTS_MAX) throw fault;
      }
      await wait(backoffDelayMs(failed, hintMs, options.random), signal);
    }
  };
}

function retryAfterMs(response: Response): number {
  const seconds = Number(response.headers.get('retry-after'));
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : 0;
}
