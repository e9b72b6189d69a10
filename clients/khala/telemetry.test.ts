import { expect, test } from 'vitest';
import type { ClientTelemetryEvent } from '#proto/gen/types.ts';
import { validateMessage } from '#proto/validate.ts';
import { createTelemetry } from './telemetry.ts';
import type { ClientState } from './types.ts';

function play(steps: [atMs: number, state: ClientState][]): ClientTelemetryEvent[] {
  const events: ClientTelemetryEvent[] = [];
  let nowMs = 0;
  let ids = 0;
  const onState = createTelemetry({
    surface: 'web',
    clientBuildId: '20261128T000000Z',
    newId: () => `id-${++ids}`,
    nowMs: () => nowMs,
    onEvent: (event) => events.push(event),
  });
  for (const [atMs, state] of steps) {
    nowMs = atMs;
    onState(state);
  }
  return events;
}

const backoff = (reason: string, attempt = 0): ClientState => ({
  ...{ name: 'backoff', delayMs: 250.4, attempt, reason },
});
const replaying: ClientState = { name: 'replaying', received: 0n, total: 9n };

test('a lost line is told when it is lost, when it is back, and when all is there again', () => {
  const events = play([
    [0, { name: 'live' }],
    [100, backoff('server_draining')],
    [400, { name: 'connecting', attempt: 1 }],
    [500, replaying],
    [900, replaying],
    [2_200, { name: 'live' }],
  ]);
  expect(events).toMatchObject([
    {
      delivery_error: { channel: 'ws', reason_code: 'server_draining', rolling_error_count_5m: 1 },
    },
    { reconnect: { attempt: 1, backoff_ms: 250, resumed: true, reason_code: 'server_draining' } },
    { replay: { status: 'catchup', catchup_duration_ms: 1_700 } },
  ]);
});

test('a start that has all at once is nothing to tell', () => {
  expect(
    play([
      [0, replaying],
      [300, { name: 'live' }],
    ]),
  ).toEqual([]);
});

test('errors are counted over five minutes', () => {
  const events = play([
    [0, backoff('internal')],
    [1_000, backoff('internal', 1)],
    [301_000, backoff('internal', 2)],
  ]);
  expect(events.map(({ delivery_error }) => delivery_error?.rolling_error_count_5m)).toEqual([
    1, 2, 1,
  ]);
});

test('who has to act is told with the status that says so', () => {
  const blocked = (action: 'log_in' | 'upgrade' | 'stop'): ClientState => ({
    ...{ name: 'blocked', action, reason: 'token_revoked' },
  });
  const events = play([
    [0, blocked('log_in')],
    [1, blocked('upgrade')],
    [2, blocked('stop')],
  ]);
  expect(events.map(({ auth_failure }) => auth_failure?.http_status)).toEqual([401, 426, 403]);
});

test('each event is one that control takes, and says nothing of whom', () => {
  const events = play([
    [0, backoff('connect to run_01 of alice failed')],
    [10, replaying],
    [2_000, { name: 'live' }],
  ]);
  expect(events).toHaveLength(3);
  for (const event of events) {
    expect(validateMessage('openagents.sync.v1.ClientTelemetryEvent', event)).toMatchObject({
      ok: true,
    });
    expect(JSON.stringify(event)).not.toMatch(/alice|run_01/);
  }
  expect(new Set(events.map(({ session_id }) => session_id)).size).toBe(1);
  expect(new Set(events.map(({ event_id }) => event_id)).size).toBe(3);
});
