/**
 * What a client saw of its connection, told from its changes of state (names of `ClientTelemetryEvent`). No event carries
 * an id of a person, an organisation, a device or a run, and none a payload.
 */
import type { ClientSurface, ClientTelemetryEvent } from '#proto/gen/types.ts';
import type { BlockedAction, ClientState } from './types.ts';

type Seen = Pick<ClientTelemetryEvent, 'reconnect' | 'auth_failure' | 'replay' | 'delivery_error'>;

export interface TelemetryOptions {
  surface: ClientSurface;
  clientBuildId: string;
  /** Names this life of the client among others, and nobody. */
  newId(): string;
  nowMs(): number;
  onEvent(event: ClientTelemetryEvent): void;
}

const SCHEMA_VERSION = 'openagents.sync.client_telemetry.v1';
const PROTOCOL_VERSION = 1;
/** A shorter one is what every start does. */
const REPLAY_TOLD_MS = 1_000;
const ERRORS_WINDOW_MS = 5 * 60_000;

/** Give the result to the client as `onState`. */
export function createTelemetry(options: TelemetryOptions): (state: ClientState) => void {
  const { surface, clientBuildId, newId, nowMs, onEvent } = options;
  const sessionId = newId();
  let lost: Extract<ClientState, { name: 'backoff' }> | undefined;
  let replayingSinceMs: number | undefined;
  let errorsAtMs: number[] = [];

  function tell(seen: Seen): void {
    onEvent({
      schema_version: SCHEMA_VERSION,
      event_id: newId(),
      occurred_at_unix_ms: String(nowMs()),
      surface,
      client_build_id: clientBuildId,
      app_version: '',
      protocol_version: PROTOCOL_VERSION,
      topic: '',
      topic_class: '',
      actor_scope_hash: '',
      session_id: sessionId,
      ...seen,
    });
  }

  function countError(): number {
    errorsAtMs = [...errorsAtMs.filter((atMs) => atMs > nowMs() - ERRORS_WINDOW_MS), nowMs()];
    return errorsAtMs.length;
  }

  function admitted(): void {
    if (!lost) return;
    const { attempt, delayMs, reason } = lost;
    tell({
      reconnect: {
        attempt: attempt + 1,
        backoff_ms: Math.round(delayMs),
        resumed: true,
        last_applied_seq: '0',
        reason_code: codeOf(reason),
      },
    });
    lost = undefined;
  }

  function caughtUp(): void {
    const tookMs = replayingSinceMs === undefined ? 0 : nowMs() - replayingSinceMs;
    replayingSinceMs = undefined;
    if (tookMs < REPLAY_TOLD_MS) return;
    tell({
      replay: {
        status: 'catchup',
        requested_after_seq: '0',
        oldest_available_seq: '0',
        head_seq: '0',
        catchup_duration_ms: Math.round(tookMs),
      },
    });
  }

  return (state) => {
    switch (state.name) {
      case 'backoff':
        lost = state;
        replayingSinceMs = undefined;
        tell({
          delivery_error: {
            channel: 'ws',
            reason_code: codeOf(state.reason),
            rolling_error_count_5m: countError(),
          },
        });
        break;
      case 'blocked':
        tell({
          auth_failure: {
            http_status: STATUS_OF_ACTION[state.action],
            reason_code: codeOf(state.reason),
            refresh_attempted: true,
          },
        });
        break;
      case 'replaying':
        admitted();
        replayingSinceMs ??= nowMs();
        break;
      case 'live':
        admitted();
        caughtUp();
        break;
    }
  };
}

/** A code as it came; of a sentence only that it was one, as it may hold anything. */
function codeOf(reason: string): string {
  return /^[a-z][a-z0-9_]{0,47}$/.test(reason) ? reason : 'other';
}

/** As HTTP would have said it. */
const STATUS_OF_ACTION: Readonly<Record<BlockedAction, number>> = {
  log_in: 401,
  upgrade: 426,
  stop: 403,
};
