/** Collects one directory over and over until it is killed, and says so once per pass. */
import { connect } from '#db/connect.ts';
import { createCollector } from '../collector/collector.ts';

const [, , url = '', directory = '', graceMs = ''] = process.argv;
const collector = createCollector({
  ...{ sql: connect({ url, applicationName: 'collector-test' }), directory },
  now: Date.now,
  graceMs: Number(graceMs),
  keptMs: null,
  stopping: new AbortController().signal,
  onCollected: (kind, count) => process.stdout.write(`${kind} ${count}\n`),
});
process.stdout.write('ready\n');
for (;;) await collector.sweep();
