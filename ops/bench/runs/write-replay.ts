/** A process that writes one replay file and says what it took. Arguments: database, run, directory. Linux only. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { storeReplay } from '#activities/run/files/replay-file.ts';
import { connect } from '#db/connect.ts';
import { readRun } from '#db/runtime/runs.ts';
import { createDirectoryStore } from '#services/shared/artifact-store.ts';

export interface ReplayMemory {
  beforeBytes: number;
  peakBytes: number;
  fileBytes: number;
  /** Counted in the stored file, after the measurement. */
  events: number;
  seconds: number;
}

const KIB = 1_024;

const [url = '', runId = '', directory = ''] = process.argv.slice(2);
const sql = connect({ url, max: 1, applicationName: 'bench-replay' });
const run = await readRun(sql, runId);
if (!run) throw new Error(`${runId} is not there`);
const artifacts = createDirectoryStore(directory);

// The kernel's peak begins anew here.
writeFileSync('/proc/self/clear_refs', '5');
const beforeBytes = residentBytes('VmRSS');
const startedAt = performance.now();
const deps = { sql, artifacts, heartbeat: () => {} };
const { artifact, bytes: fileBytes } = await storeReplay(deps, run);
const seconds = (performance.now() - startedAt) / 1_000;
const peakBytes = residentBytes('VmHWM');
const events = await eventsIn(artifact.sha256);
const result: ReplayMemory = { beforeBytes, peakBytes, fileBytes, events, seconds };
process.stdout.write(JSON.stringify(result));
await sql.end();

function residentBytes(field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * KIB;
}

async function eventsIn(sha256: string): Promise<number> {
  const opened = await artifacts.get(sha256);
  if (!opened) throw new Error('the replay file is not in the store');
  let count = 0;
  for await (const line of createInterface({ input: opened.stream.compose(createGunzip()) })) {
    if (line.includes('"type":"RuntimeEvent"')) count += 1;
  }
  return count;
}
