import type { JsonObject } from './canonical.ts';
import { MESSAGE_FIELDS } from './gen/tables.ts';
import type { MessageTypes } from './gen/types.ts';
import { ContractError, type MessageName, readMessage } from './read.ts';

/** Messages that list the known payloads of a family of events, with an arm for those of the future. */
type PayloadUnion =
  | 'openagents.runtime.v1.RunEventPayload'
  | 'openagents.runtime.v1.NotificationPayload'
  | 'openagents.codex.v1.WorkerEventPayload';

type Arms<U extends PayloadUnion> = Omit<MessageTypes[U], 'unknown'>;

/** `run_phase_changed` in the contract is `run.phase_changed` in the log. */
type TypeOfArm<A> = A extends `${infer Family}_${infer Rest}` ? `${Family}.${Rest}` : never;

/** The event types of a family whose payload this build knows. */
export type EventTypeOf<U extends PayloadUnion> = TypeOfArm<keyof Arms<U>>;

type Known<U extends PayloadUnion> = {
  [A in keyof Arms<U>]-?: { event_type: TypeOfArm<A>; payload: NonNullable<Arms<U>[A]> };
}[keyof Arms<U>];

/** An event by its type; what this build does not know, or cannot read, stays whole in `body`. */
export type TypedEvent<U extends PayloadUnion> =
  | Known<U>
  | { event_type: 'unknown'; body: JsonObject };

export interface EventReader<U extends PayloadUnion> {
  isKnown(eventType: string): eventType is EventTypeOf<U>;
  /** Never throws: an old reader survives every new event. */
  read(eventType: string, payload: JsonObject): TypedEvent<U>;
}

export function eventReader<U extends PayloadUnion>(union: U): EventReader<U> {
  const messages: ReadonlyMap<string, MessageName> = new Map(
    (MESSAGE_FIELDS[union] ?? [])
      .filter((row) => row.name !== 'unknown')
      // Rows of the table name messages of the same generation.
      .map((row) => [row.name.replace('_', '.'), row.type as MessageName]),
  );
  return {
    isKnown(eventType): eventType is EventTypeOf<U> {
      return messages.has(eventType);
    },
    read(eventType, payload) {
      const name = messages.get(eventType);
      if (name === undefined) return { event_type: 'unknown', body: payload };
      try {
        // The map pairs each type with its message, which TypeScript cannot follow.
        return {
          event_type: eventType,
          payload: readMessage(name, payload),
        } as unknown as Known<U>;
      } catch (error) {
        if (error instanceof ContractError) return { event_type: 'unknown', body: payload };
        throw error;
      }
    },
  };
}
