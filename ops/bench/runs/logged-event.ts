import { setTimeout as delay } from 'node:timers/promises';
import type { Operator } from '../../testing/operator.ts';

const POLL_MS = 50;
const POLLS_MAX = 600;

interface LoggedEvent {
  event_type: string;
  recorded_at: string;
  payload: Record<string, unknown>;
}

/** The `nth` event of this type in the run's log, once it is there. */
export async function loggedEvent(
  operator: Operator,
  runId: string,
  type: string,
  nth = 1,
): Promise<LoggedEvent> {
  for (let poll = 0; poll < POLLS_MAX; poll += 1) {
    const { events } = await operator.call<{ events: LoggedEvent[] }>(
      'runtime',
      'GET',
      `/v1/runs/${runId}/events`,
    );
    const found = events.filter(({ event_type }) => event_type === type).at(nth - 1);
    if (found) return found;
    await delay(POLL_MS);
  }
  throw new Error(`${runId} has no ${type} number ${nth}`);
}
