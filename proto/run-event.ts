import type { JsonObject } from './canonical.ts';
import { type EventTypeOf, eventReader, type TypedEvent } from './event-payload.ts';

const reader = eventReader('openagents.runtime.v1.RunEventPayload');

export type KnownEventType = EventTypeOf<'openagents.runtime.v1.RunEventPayload'>;
export type TypedRunEvent = TypedEvent<'openagents.runtime.v1.RunEventPayload'>;

export function isKnownEventType(eventType: string): eventType is KnownEventType {
  return reader.isKnown(eventType);
}

/** An event of a run's log, by its type. Never throws. */
export function readRunEvent(eventType: string, payload: JsonObject): TypedRunEvent {
  return reader.read(eventType, payload);
}
