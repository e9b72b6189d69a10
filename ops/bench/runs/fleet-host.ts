/**
 * A host reduced to what its runs send: every run's events gather and leave as one batch per interval; what was not
 * acknowledged in time leaves with the next batch. Reads its task from standard input, says when each batch was acknowledged.
 */
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { gatherPosts, type RunBatch } from '#clients/agent-host/gathered-posts.ts';

export interface FleetTask {
  runtime: string;
  accessToken: string;
  /** Of the round: part of every event's key. */
  name: string;
  runIds: string[];
  /** By the clock that all processes of a machine share, in milliseconds. */
  beginAtMs: number;
  durationMs: number;
  intervalMs: number;
  eventsPerInterval: number;
  /** As hosts do; else each run asks by itself. */
  gathered: boolean;
}

/** One batch: its run, the sequence of its last event, how many it had, when it left and when it was acknowledged. */
export type FleetBatch = [
  run: number,
  lastSeq: number,
  events: number,
  sentMs: number,
  ackMs: number,
];

const TEXT = 'x'.repeat(100);

/** The monotonic clock of the machine, which processes share. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

async function send(task: FleetTask): Promise<FleetBatch[]> {
  const { runIds, beginAtMs, durationMs, intervalMs } = task;
  const append = appendOf(task);
  const batches: FleetBatch[] = [];
  const perEventMs = intervalMs / task.eventsPerInterval;
  const lane = async (run: number) => {
    // Runs of one host are no choir.
    const phaseMs = (run / runIds.length) * intervalMs;
    const firstAtMs = beginAtMs + phaseMs;
    let sent = 0;
    for (let due = firstAtMs; due < beginAtMs + durationMs; ) {
      await delay(Math.max(0, due - machineMs()));
      const made = Math.floor((machineMs() - firstAtMs) / perEventMs) + task.eventsPerInterval;
      const events = Array.from({ length: made - sent }, (_, index) => ({
        event_type: 'text.delta',
        payload: { item_id: 'item-1', delta: `${sent + index} ${TEXT}` },
        idempotency_key: `${task.name}:${sent + index}`,
      }));
      const sentMs = machineMs();
      const headSeq = await append(runIds[run] ?? '', events);
      batches.push([run, Number(headSeq), events.length, sentMs, machineMs()]);
      sent = made;
      due = Math.max(due + intervalMs, machineMs());
    }
  };
  await Promise.all(runIds.map((_, run) => lane(run)));
  return batches;
}

/** Answers where the run's log stands. */
function appendOf({ runtime, accessToken, gathered }: FleetTask) {
  async function ask<T>(path: string, body: object): Promise<T> {
    const answer = await fetch(`${runtime}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`events were refused: ${answer.status}`);
    return ((await answer.json()) as { data: T }).data;
  }
  const one = async ({ runId, events }: RunBatch<object>) =>
    (await ask<{ head_seq: string }>(`/v1/runs/${runId}/events`, { events })).head_seq;
  if (!gathered) return (runId: string, events: object[]) => one({ runId, events });
  return gatherPosts<object, string>({
    one,
    async together(batches) {
      const { results } = await ask<{ results: { code: string; head_seq: string }[] }>(
        '/v1/run-events',
        { batches: batches.map(({ runId, events }) => ({ run_id: runId, events })) },
      );
      return results.map(({ code, head_seq }) => {
        if (code !== '') throw new Error(`events were refused: ${code}`);
        return head_seq;
      });
    },
  });
}

if (import.meta.main) {
  const task = JSON.parse(await text(process.stdin)) as FleetTask;
  process.stdout.write(JSON.stringify(await send(task)));
}
