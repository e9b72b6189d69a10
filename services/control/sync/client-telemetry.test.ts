import { expect, test } from 'vitest';
import type { ClientTelemetryEvent } from '#proto/gen/types.ts';
import { messageOf } from '#proto/validate.ts';
import { createTelemetryCounter } from './client-telemetry.ts';

type Labels = { event_type: string; surface: string; reason: string; build: string };

function counted(events: ClientTelemetryEvent[]): Labels[] {
  const seen: Labels[] = [];
  const count = createTelemetryCounter({ record: (_, labels) => void seen.push(labels) });
  events.forEach(count);
  return seen;
}

function event(more: Partial<ClientTelemetryEvent>): ClientTelemetryEvent {
  return messageOf('openagents.sync.v1.ClientTelemetryEvent', {
    schema_version: 'openagents.sync.client_telemetry.v1',
    event_id: 'e1',
    surface: 'cli',
    client_build_id: '20261128T000000Z',
    ...more,
  });
}

const reconnect = (reason_code: string) => ({
  reconnect: { attempt: 1, backoff_ms: 250, resumed: true, last_applied_seq: '7', reason_code },
});

test('an event is counted by kind, surface, reason and build', () => {
  expect(counted([event(reconnect('server_draining'))])).toEqual([
    {
      event_type: 'reconnect',
      surface: 'cli',
      reason: 'server_draining',
      build: '20261128T000000Z',
    },
  ]);
});

test('what is no reason and no build becomes one label, whatever a client says', () => {
  const words = ['Line\nbreak', 'a'.repeat(120), 'user_01 said', '9'];
  const events = words.map((word) =>
    event({ ...reconnect(word), client_build_id: word.slice(0, 32) }),
  );
  expect(new Set(counted(events).map(({ reason, build }) => `${reason} ${build}`))).toEqual(
    new Set(['other other']),
  );
});

test('a client that makes up reasons makes no more than a bounded number of series', () => {
  const events = Array.from({ length: 500 }, (_, number) =>
    event({ ...reconnect(`reason_${number}`), client_build_id: `${20_000_000 + number}T000000Z` }),
  );
  const seen = counted(events);
  expect(new Set(seen.map(({ reason }) => reason)).size).toBe(65);
  expect(new Set(seen.map(({ build }) => build)).size).toBe(33);
});
