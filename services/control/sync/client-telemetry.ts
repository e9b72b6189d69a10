/**
 * Counts what clients saw of their connections. Nothing of an event is kept: its ids, topic and hash of the actor are read
 * by nobody here.
 */
import type { ClientTelemetryEvent } from '#proto/gen/types.ts';

/** A client may say anything; a label that takes it as it is would make a time series of each word. */
const REASONS_MAX = 64;
/** More builds than are in use at once. */
const BUILDS_MAX = 32;
const REASON = /^[a-z][a-z0-9_]{0,47}$/;
const BUILD = /^\d{8}T\d{6}Z$/;

interface Counter {
  record(
    value: number,
    labels: { event_type: string; surface: string; reason: string; build: string },
  ): void;
}

export function createTelemetryCounter(counter: Counter): (event: ClientTelemetryEvent) => void {
  const reasons = boundedLabel(REASON, REASONS_MAX);
  const builds = boundedLabel(BUILD, BUILDS_MAX);
  return (event) => {
    const { eventType, reason } = kindOf(event);
    counter.record(1, {
      event_type: eventType,
      surface: event.surface,
      reason: reasons(reason),
      build: builds(event.client_build_id),
    });
  };
}

function kindOf(event: ClientTelemetryEvent): { eventType: string; reason: string } {
  const { reconnect, auth_failure, replay, delivery_error, crash, boot } = event;
  if (reconnect) return { eventType: 'reconnect', reason: reconnect.reason_code };
  if (auth_failure) return { eventType: 'auth_failure', reason: auth_failure.reason_code };
  if (replay) return { eventType: 'replay', reason: replay.status };
  if (delivery_error) return { eventType: 'delivery_error', reason: delivery_error.reason_code };
  if (crash) return { eventType: 'crash', reason: crash.reason_code };
  return { eventType: boot ? 'boot' : 'unknown', reason: '' };
}

/** The first values of a form, in the order they come; `other` for the rest, nothing for nothing. */
function boundedLabel(form: RegExp, valuesMax: number): (text: string) => string {
  const known = new Set<string>();
  return (text) => {
    if (text === '' || known.has(text)) return text;
    if (!form.test(text) || known.size >= valuesMax) return 'other';
    known.add(text);
    return text;
  };
}
