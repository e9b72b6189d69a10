/** Journals requests in a home that is full, and again when there is room, and prints what came of it. Argument: home. */
import { closeSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isDiskFull } from '../disk-full.ts';
import { type HostRequest, openRequestJournal } from '../request-journal.ts';

const [, , home = ''] = process.argv;
const directory = join(home, 'requests');
const filler = join(home, 'filler');
const CHUNK = Buffer.alloc(4_096);

function fill(): void {
  const file = openSync(filler, 'w');
  try {
    for (;;) writeSync(file, CHUNK);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  } finally {
    closeSync(file);
  }
}

const request = (number: number): HostRequest => ({
  ...{ request_id: `req_${number}`, run_id: 'run_1', thread_id: 'thread_1', turn: 1 },
  ...{ method: 'turn/start', params: {}, deadline_at_ms: 0 },
});
const isRefused = (work: Promise<unknown>) => work.then(() => false, isDiskFull);

const journal = await openRequestJournal(directory);
await journal.accept(request(1));
fill();
const refused = {
  accept: await isRefused(journal.accept(request(2))),
  started: await isRefused(journal.started('req_1', null)),
};
const states = async () =>
  (await journal.open()).map((each) => [each.request.request_id, each.state]);
const whileFull = { open: await states(), files: readdirSync(directory).length };
rmSync(filler);
await journal.accept(request(2));
await journal.started('req_1', null);
const nextLife = await openRequestJournal(directory);
process.stdout.write(
  JSON.stringify({
    refused,
    whileFull,
    open: await states(),
    nextLife: (await nextLife.open()).length,
  }),
);
