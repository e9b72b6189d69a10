import { expect, test } from 'vitest';
import type { ClientTelemetryEvent } from '#proto/gen/types.ts';
import { createTelemetry } from '../khala/telemetry.ts';
import type { ApiClient } from './client.ts';
import { createTelemetrySender } from './telemetry-sender.ts';

function events(count: number): ClientTelemetryEvent[] {
  const made: ClientTelemetryEvent[] = [];
  let ids = 0;
  const onState = createTelemetry({
    surface: 'cli',
    clientBuildId: '20261128T000000Z',
    newId: () => `id-${++ids}`,
    nowMs: Date.now,
    onEvent: (event) => made.push(event),
  });
  while (made.length < count) onState({ name: 'backoff', delayMs: 1, attempt: 0, reason: 'lost' });
  return made;
}

/** Only the one call of the api that the sender makes. */
function recording(answer: () => Promise<unknown>) {
  const posts: number[] = [];
  const api = {
    call: (_: string, { body }: { body: { events: unknown[] } }) => {
      posts.push(body.events.length);
      return answer();
    },
  } as unknown as Pick<ApiClient, 'call'>;
  return { api, posts };
}

test('events are gathered and posted in batches that the server takes', async () => {
  const { api, posts } = recording(async () => ({ accepted: 1 }));
  const sender = createTelemetrySender(api, 5);
  for (const event of events(100)) sender.add(event);
  await expect.poll(() => posts).toEqual([64, 36]);
});

test('a server that refuses is not asked again, and the newest are kept', async () => {
  const { api, posts } = recording(() => Promise.reject(new Error('away')));
  const sender = createTelemetrySender(api, 60_000);
  for (const event of events(1_000)) sender.add(event);
  await sender.close();
  expect(posts).toEqual([64]);
});

test('who saw nothing posts nothing', async () => {
  const { api, posts } = recording(async () => ({}));
  await createTelemetrySender(api).close();
  expect(posts).toEqual([]);
});
