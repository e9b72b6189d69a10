import { setTimeout as delay } from 'node:timers/promises';
import type { AcknowledgedEvent, Promises } from '../checker/check-promises.ts';
import { tinyRun } from '../tiny-run.ts';
import type { Platform } from './platform.ts';

/** Clients that start tiny verified runs and write into them, each insisting under its idempotency keys. */
export interface Load {
  promises: Promises;
  /** Runs that are created and not done. */
  live(): number;
  /** Runs with an end, a receipt and a replay file. */
  done(): number;
  /** Resolves when every run is done; rejects where nothing moved for long. */
  finished: Promise<void>;
  stop(): void;
}

export interface LoadOptions {
  runs: number;
  /** Runs at once: enough to keep both cores busy, few enough that each ends soon. */
  liveMax: number;
  /** Events that a client appends to each run while it lives. */
  notesPerRun: number;
  /** Share of the kills that are done, 0 to 1: while runs are ahead of them, few are started at once. */
  killed(): number;
  /** Part of every idempotency key. */
  name: string;
  stuckAfterMs: number;
}

/** While kills catch up: enough that every boundary is crossed again and again. */
const LIVE_AHEAD_OF_KILLS = 10;
const RETRY_MS = 150;
const LOOK_MS = 250;

export function startLoad(platform: Platform, options: LoadOptions): Load {
  const { ask, sql } = platform;
  const runs = new Set<string>();
  const events: AcknowledgedEvent[] = [];
  let started = 0;
  let done = 0;
  let stopped = false;

  async function insist(path: string, body: unknown, key: string) {
    while (!stopped) {
      const answer = await ask('POST', path, body, key).catch(() => undefined);
      if (answer && answer.status < 300) return answer.data;
      // A log that is closed takes no more: that is an answer too.
      if (answer?.code === 'run_closed') return undefined;
      await delay(RETRY_MS);
    }
    return undefined;
  }

  async function oneRun(number: number): Promise<void> {
    const created = await insist(
      '/v1/runs',
      { spec: tinyRun(platform) },
      `${options.name}:${number}`,
    );
    const run_id = String(created?.['run_id'] ?? '');
    if (!run_id) return;
    runs.add(run_id);
    for (let note = 1; note <= options.notesPerRun; note += 1) {
      const draft = {
        event_type: 'tool.progress',
        payload: { tool_call_id: 'client', stream: 'stdout', text: `note ${note}\n` },
        idempotency_key: `note:${note}`,
      };
      const data = await insist(
        `/v1/runs/${run_id}/events`,
        { events: [draft] },
        `${run_id}:${note}`,
      );
      for (const { seq, event_hash } of (data?.['events'] ?? []) as AcknowledgedEvent[]) {
        events.push({ run_id, seq, event_hash });
      }
    }
  }

  async function look(): Promise<void> {
    let movedAtMs = Date.now();
    while (!stopped && done < options.runs) {
      const now = await countDone().catch(() => done);
      if (now !== done) movedAtMs = Date.now();
      done = now;
      while (started < options.runs && started - done < liveMax()) {
        started += 1;
        void oneRun(started);
      }
      if (Date.now() - movedAtMs > options.stuckAfterMs) {
        throw new Error(
          `${done} of ${options.runs} runs, and none more for ${options.stuckAfterMs} ms`,
        );
      }
      await delay(LOOK_MS);
    }
  }

  function liveMax(): number {
    const ahead = started > options.killed() * options.runs + options.liveMax;
    return ahead ? LIVE_AHEAD_OF_KILLS : options.liveMax;
  }

  async function countDone(): Promise<number> {
    const [row] = await sql<{ done: number }[]>`
      select count(*)::int4 as done from runtime.runs where trajectory_hash is not null and bundle is not null`;
    return row?.done ?? 0;
  }

  return {
    promises: { runs, events },
    live: () => started - done,
    done: () => done,
    finished: look(),
    stop() {
      stopped = true;
    },
  };
}
