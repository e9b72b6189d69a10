import type { JsonObject } from './canonical.ts';
import { eventReader, type TypedEvent } from './event-payload.ts';

const reader = eventReader('openagents.codex.v1.WorkerEventPayload');

export type TypedWorkerEvent = TypedEvent<'openagents.codex.v1.WorkerEventPayload'>;

/** An event of a worker's topic, by its type. Never throws. */
export function readWorkerEvent(eventType: string, payload: JsonObject): TypedWorkerEvent {
  return reader.read(eventType, payload);
}
