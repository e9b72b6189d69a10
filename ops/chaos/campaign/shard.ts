import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processesOf } from '#clients/agent-host/testing/left-behind.ts';
import { checkDatabase } from '../checker/check.ts';
import type { Violation } from '../checker/violation.ts';
import { type Hosts, startHosts } from './hosts.ts';
import { type Killer, startKiller } from './killer.ts';
import { startLoad } from './load.ts';
import type { Kill } from './plan.ts';
import { openPlatform, type Platform } from './platform.ts';

export interface ShardOptions {
  /** Part of every idempotency key. */
  seed: number;
  shard?: number;
  runs: number;
  kills: Kill[];
  /** Events that a client appends to each run while it lives. */
  notesPerRun?: number;
  onProgress?(progress: Progress): void;
  /** Called when the platform is up and nothing has begun: where a test takes away what holds. */
  prepare?(platform: Platform): Promise<void>;
  /** Nothing moves for so long: the shard is given up, and its database is checked as it is. */
  stuckAfterMs?: number;
  /** Aborted: the shard ends at once, without a result. */
  signal?: AbortSignal;
}

export interface Progress {
  runs: number;
  kills: number;
  seconds: number;
}

export interface ShardResult {
  shard: number;
  runs: number;
  kills: number;
  hostRestarts: number;
  seconds: number;
  /** Kills by label. */
  counts: Record<string, number>;
  violations: Violation[];
}

/** Somebody ended it; it has no result, and begins anew when the campaign goes on. */
export class ShardInterrupted extends Error {}

const HOSTS = ['one', 'two', 'three'];
const TURNS_EACH = 8;
/** What a kill holds up for ten seconds or thirty must not hold up the others. */
const LIVE_MAX = 100;
const NOTES_PER_RUN = 1;
const PROGRESS_EVERY_MS = 10_000;
const STUCK_AFTER_MS = 180_000;
/** Enough sampled runs to know that what the bulk check says is what a person with `oa` sees. */
const SAMPLES = 2;

/** A stack of its own, its runs, its kills, and the judgement over what they left. */
export async function runShard(options: ShardOptions): Promise<ShardResult> {
  const { seed, runs, kills, shard = 0, notesPerRun = NOTES_PER_RUN } = options;
  const startedAtMs = Date.now();
  const seconds = () => (Date.now() - startedAtMs) / 1000;
  const platform = await openPlatform();
  const { directory } = platform.stack;
  let hosts: Hosts | undefined;
  try {
    await options.prepare?.(platform);
    hosts = await startHosts(platform.oa, HOSTS, TURNS_EACH);
    let killer: Killer | undefined;
    const load = startLoad(platform, {
      ...{ runs, liveMax: LIVE_MAX, notesPerRun, name: `${seed}:${shard}` },
      killed: () => (killer && kills.length > 0 ? killer.done() / kills.length : 1),
      stuckAfterMs: options.stuckAfterMs ?? STUCK_AFTER_MS,
    });
    const progress = () => load.done() / runs;
    const { promises } = load;
    const acknowledged = () => promises.runs.size + promises.events.length;
    killer = startKiller({ platform, hosts, plan: [...kills], progress, acknowledged });
    const telling = setInterval(() => {
      options.onProgress?.({ runs: load.done(), kills: killer.done(), seconds: seconds() });
    }, PROGRESS_EVERY_MS);
    options.signal?.addEventListener('abort', load.stop, { once: true });
    const violations: Violation[] = [];
    try {
      await load.finished;
    } catch (error) {
      violations.push({ rule: 'run_open', subject: 'the shard', detail: String(error) });
    } finally {
      killer.stop();
      load.stop();
      clearInterval(telling);
    }
    await killer.finished;
    if (options.signal?.aborted) throw new ShardInterrupted();
    await quiet(platform);
    violations.push(...(await judge(platform, promises)));
    await hosts.stop();
    await platform.remove();
    violations.push(...(await leftBehind(directory)));
    return {
      ...{ shard, runs: load.done(), kills: killer.done(), hostRestarts: hosts.restarts },
      seconds: seconds(),
      counts: Object.fromEntries(killer.counts),
      violations,
    };
  } finally {
    await hosts?.stop();
    await platform.remove();
  }
}

async function judge(
  platform: Platform,
  promises: Parameters<typeof checkDatabase>[0]['promises'],
) {
  const { sql, artifactsDirectory } = platform;
  const violations = await checkDatabase({
    ...{ sql, artifactsDirectory, promises, keys: await platform.publishedKeys() },
    expectationOf: () => ({ status: 'succeeded', verdict: 'accepted' }),
  });
  if (violations.length > 0) return violations;
  return seenByOa(platform, [...promises.runs].slice(-SAMPLES));
}

/** The same as a person sees it, with the commands that the documents name. */
async function seenByOa(
  { oa, src, publishedKeys }: Platform,
  runs: string[],
): Promise<Violation[]> {
  writeFileSync(join(src, 'published.json'), JSON.stringify(await publishedKeys()));
  const violations: Violation[] = [];
  for (const run of runs) {
    for (const command of [
      ['runs', 'watch', run, '--from-start', '--json', '--out', run],
      ['receipts', 'verify', join(run, 'RECEIPT.json'), '--jwks', 'published.json'],
      ['replay', join(run, 'REPLAY.jsonl')],
    ]) {
      const { code, err } = await oa.run(...command);
      if (code === 0) continue;
      const detail = `oa ${command.join(' ')} ended with ${code}: ${err}`;
      violations.push({ rule: 'receipt', subject: run, detail });
    }
  }
  return violations;
}

const QUIET_WITHIN_MS = 60_000;
const LOOK_MS = 500;

/** Until nothing waits: the last runs' hosts still answer what they were asked. */
async function quiet({ sql }: Platform): Promise<void> {
  const untilMs = Date.now() + QUIET_WITHIN_MS;
  while (Date.now() < untilMs) {
    const [row] = await sql<{ waiting: number }[]>`
      select (select count(*) from runtime.worker_requests where state = 'pending')::int4
        + (select count(*) from runtime.runs where trajectory_hash is null)::int4 as waiting`.catch(
      () => [],
    );
    if (row?.waiting === 0) return;
    await delay(LOOK_MS);
  }
}

const GONE_WITHIN_MS = 10_000;

async function leftBehind(directory: string): Promise<Violation[]> {
  const untilMs = Date.now() + GONE_WITHIN_MS;
  let left = processesOf(directory);
  while (left.length > 0 && Date.now() < untilMs) {
    await delay(LOOK_MS);
    left = processesOf(directory);
  }
  return left.map((command) => ({ rule: 'waiting', subject: 'a process', detail: command }));
}
