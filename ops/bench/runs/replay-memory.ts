import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Sql } from '#db/connect.ts';
import { createJournal } from '#db/runtime/journal.ts';
import type { EventDraft } from '#db/runtime/step.ts';
import { createTestRun } from '#db/testing/runs.ts';
import type { RunId } from '#proto/ids.ts';
import { benchDatabase, benchServer } from '../journal/database.ts';
import type { Measure } from '../measure.ts';
import type { ReplayMemory } from './write-replay.ts';

const EVENTS = 1_000_000;
const EVENTS_PER_BATCH = 500;
const BATCHES_AT_ONCE = 4;
const TEXT = 'x'.repeat(100);
const MIB = 1_048_576;

/** The replay file of a long log, written by a process that does nothing else. */
export async function measureReplayMemory(): Promise<Measure[]> {
  await using bench = await benchServer();
  const database = await benchDatabase(bench.server, 'replay', 4);
  const directory = await mkdtemp(join(tmpdir(), 'oa-replay-'));
  try {
    const runId = await longLog(database.sql);
    const written = await writeReplay(database.url, runId, directory);
    if (written.events !== EVENTS) throw new Error(`the file holds ${written.events} events`);
    return [memoryMeasure(written)];
  } finally {
    await rm(directory, { recursive: true, force: true });
    await database.sql.end();
    await database.admin.end();
  }
}

/** A closed log of `EVENTS` events. */
async function longLog(sql: Sql): Promise<RunId> {
  const { run_id } = await createTestRun(sql);
  const journal = createJournal({ sql, hint: () => {} });
  const append = (events: EventDraft[]) => journal.append({ run_id, origin: 'platform', events });
  await append([{ event_type: 'run.created', payload: {} }]);
  let next = 1;
  const lane = async () => {
    while (next < EVENTS - 1) {
      const first = next;
      next = Math.min(EVENTS - 1, first + EVENTS_PER_BATCH);
      await append(
        Array.from({ length: next - first }, (_, index) => ({
          event_type: 'text.delta',
          payload: { item_id: 'item-1', delta: `${first + index} ${TEXT}` },
        })),
      );
    }
  };
  await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, lane));
  await append([{ event_type: 'run.finished', payload: { status: 'succeeded' } }]);
  await journal.close();
  return run_id;
}

async function writeReplay(url: string, runId: RunId, directory: string): Promise<ReplayMemory> {
  const writer = spawn(
    process.execPath,
    [join(import.meta.dirname, 'write-replay.ts'), url, runId, directory],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return JSON.parse(await text(writer.stdout)) as ReplayMemory;
}

function memoryMeasure({ beforeBytes, peakBytes, fileBytes, seconds }: ReplayMemory): Measure {
  return {
    name: 'replay file of 1,000,000 events: growth of resident memory',
    value: (peakBytes - beforeBytes) / MIB,
    unit: 'MiB',
    better: 'lower',
    goal: 64,
    stretch: 24,
    baseline: `absolute, from ${(beforeBytes / MIB).toFixed(0)} MiB; ${(fileBytes / MIB).toFixed(0)} MiB of lines in ${seconds.toFixed(0)} s`,
    samples: { before_bytes: [beforeBytes], peak_bytes: [peakBytes], seconds: [seconds] },
  };
}
