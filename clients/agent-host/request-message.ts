import type { JsonValue } from '#proto/canonical.ts';
import type { HostRequest } from './request-journal.ts';

/** The request that an update of the worker's topic carries; undefined where it names none. */
export function parseRequest(payload: JsonValue): HostRequest | undefined {
  const request_id = textField(payload, 'request_id');
  const method = textField(payload, 'method');
  if (!request_id || !method || !isObject(payload)) return undefined;
  const { turn, params, deadline_at_ms: deadline } = payload;
  return {
    request_id,
    method,
    run_id: textField(payload, 'run_id'),
    thread_id: textField(payload, 'thread_id'),
    turn: typeof turn === 'number' ? turn : 1,
    params: isObject(params) ? params : {},
    deadline_at_ms: Number(deadline),
  };
}

function isObject(value: JsonValue | undefined): value is { [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text of an object's field; empty where there is none. */
export function textField(payload: JsonValue, name: string): string {
  const value = isObject(payload) ? payload[name] : undefined;
  return typeof value === 'string' ? value : '';
}
