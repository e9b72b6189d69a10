import type { JsonObject } from './canonical.ts';
import { MESSAGE_FIELDS } from './gen/tables.ts';
import type { MessageTypes, RunEventPayload } from './gen/types.ts';
import { ContractError, type MessageName, readMessage } from './read.ts';

type Arm = Exclude<keyof RunEventPayload, 'unknown'>;

/** `run_phase_changed` in the contract is `run.phase_changed` in the log. */
type TypeOfArm<A extends string> = A extends `${infer Family}_${infer Rest}`
  ? `${Family}.${Rest}`
  : never;

/** Event types whose payload this build knows. */
export type KnownEventType = TypeOfArm<Arm>;

type KnownEvent = {
  [A in Arm]: { event_type: TypeOfArm<A>; payload: NonNullable<RunEventPayload[A]> };
}[Arm];

/** An event by its type; what this build does not know, or cannot read, stays whole in `body`. */
export type TypedRunEvent = KnownEvent | { event_type: 'unknown'; body: JsonObject };

const UNION = 'openagents.runtime.v1.RunEventPayload';

const PAYLOADS: ReadonlyMap<string, MessageName> = new Map(
  (MESSAGE_FIELDS[UNION] ?? [])
    .filter((row) => row.name !== 'unknown')
    // Rows of the table name messages of the same generation.
    .map((row) => [row.name.replace('_', '.'), row.type as keyof MessageTypes]),
);

export function isKnownEventType(eventType: string): eventType is KnownEventType {
  return PAYLOADS.has(eventType);
}

/** Reads an event of a log. Never throws: an old reader survives every new event. */
export function readRunEvent(eventType: string, payload: JsonObject): TypedRunEvent {
  const name = PAYLOADS.get(eventType);
  if (name === undefined) return { event_type: 'unknown', body: payload };
  try {
    // The map pairs each type with its message, which TypeScript cannot follow.
    return { event_type: eventType, payload: readMessage(name, payload) } as unknown as KnownEvent;
  } catch (error) {
    if (error instanceof ContractError) return { event_type: 'unknown', body: payload };
    throw error;
  }
}
