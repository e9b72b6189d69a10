import type { JsonObject } from '#proto/canonical.ts';
import type { RunId } from '#proto/ids.ts';
import { readRunEvent, type TypedRunEvent } from '#proto/run-event.ts';
import { topics } from '#proto/topics.ts';
import type { KhalaClient, SubscribeOptions } from './types.ts';

/** An event of a run by its type, and its place in the log. */
export type PlacedRunEvent = TypedRunEvent & { seq: bigint; recordedAtMs: number };

/** `for await (const event of runEvents(client, runId))`; `event.event_type` decides what `event.payload` is. */
export async function* runEvents(
  client: KhalaClient,
  runId: RunId,
  options: Pick<SubscribeOptions, 'from' | 'onCaughtUp'> = {},
): AsyncGenerator<PlacedRunEvent, void, undefined> {
  for await (const { kind, payload, seq, recordedAtMs } of client.subscribe(
    topics.runEvents(runId),
    options,
  )) {
    yield { ...readRunEvent(kind, payload as JsonObject), seq, recordedAtMs };
  }
}
