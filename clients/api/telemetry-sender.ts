/** Posts what clients saw of their connections, gathered, when there is time, and never at the cost of the work itself. */
import type { ClientTelemetryEvent } from '#proto/gen/types.ts';
import type { ApiClient } from './client.ts';

/** The server takes at most this many at once. */
const EVENTS_PER_POST = 64;
/** Of a line that flaps for hours the newest say enough. */
const TELEMETRY_EVENTS_PENDING_MAX = 256;
const GATHER_MS = 30_000;
/** Whoever ends a command does not wait for it longer. */
const LAST_POST_MS = 1_000;

export interface TelemetrySender {
  add(event: ClientTelemetryEvent): void;
  /** Posts the rest, once, and gives up soon. */
  close(): Promise<void>;
}

export function createTelemetrySender(
  api: Pick<ApiClient, 'call'>,
  gatherMs = GATHER_MS,
): TelemetrySender {
  let pending: ClientTelemetryEvent[] = [];
  let timer: NodeJS.Timeout | undefined;

  async function post(timeoutMs?: number): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const events = pending.splice(0, EVENTS_PER_POST);
    if (events.length === 0) return;
    await api
      .call('sync.telemetry.posted', {
        body: { events },
        attemptsMax: 1,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      })
      .catch(() => {
        // The line it speaks of may still be down; what is told is never worth a second try.
      });
    if (pending.length > 0) schedule();
  }

  function schedule(): void {
    timer ??= setTimeout(() => void post(), gatherMs);
    timer.unref();
  }

  return {
    add(event) {
      pending.push(event);
      pending = pending.slice(-TELEMETRY_EVENTS_PENDING_MAX);
      schedule();
    },
    close: () => post(LAST_POST_MS),
  };
}
