import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { eventually } from '../testing/oa.ts';
import type { Platform } from './campaign/platform.ts';
import { checkDatabase } from './checker/check.ts';
import { tinyRun } from './tiny-run.ts';

/** A few runs of a test, which insists on each and looks at what became of all of them. */
export interface RunsOfATest {
  /** Acknowledged, however often it has to be asked for. */
  started(agent?: string): Promise<string>;
  /** Done with its files, having succeeded. */
  ended(runId: string): Promise<void>;
  /** Known by another way. */
  add(runId: string): void;
  readonly all: ReadonlySet<string>;
  expectWhole(): Promise<void>;
}

/** Of a busy machine, and of whatever a fault may cost a run; what recovers sooner is held to it where it is tested. */
const ENDS_WITHIN_MS = 420_000;
const LOOK_MS = 200;

export function runsOfATest(platform: Platform): RunsOfATest {
  const { ask, sql, artifactsDirectory } = platform;
  const all = new Set<string>();
  return {
    all,
    add: (runId) => void all.add(runId),
    async started(agent) {
      const key = randomUUID();
      const spec = tinyRun(platform, agent);
      const { data } = await eventually(async () => {
        const answer = await ask('POST', '/v1/runs', { spec }, key).catch(() => undefined);
        return answer && answer.status < 300 ? answer : undefined;
      });
      const runId = String(data['run_id']);
      all.add(runId);
      return runId;
    },
    async ended(runId) {
      const untilMs = Date.now() + ENDS_WITHIN_MS;
      for (;;) {
        const [run] = await sql<{ status: string; bundle: unknown }[]>`
          select status, bundle from runtime.runs where run_id = ${runId}`;
        if (run?.bundle) return expect(run.status).toBe('succeeded');
        expect(Date.now(), `${runId} is ${run?.status}`).toBeLessThan(untilMs);
        await delay(LOOK_MS);
      }
    },
    async expectWhole() {
      await eventually(async () => {
        const [row] = await sql`select from runtime.worker_requests where state = 'pending'`;
        return row === undefined;
      });
      const violations = await checkDatabase({
        ...{ sql, artifactsDirectory, keys: await platform.publishedKeys() },
        promises: { runs: all, events: [] },
        expectationOf: () => ({ status: 'succeeded', verdict: 'accepted' }),
      });
      expect(violations).toEqual([]);
    },
  };
}
