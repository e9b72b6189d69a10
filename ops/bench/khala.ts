import { measureJournal } from './journal.ts';
import { measureBadConsumers } from './khala/bad-consumers.ts';
import { measureFanout } from './khala/fanout.ts';
import { measureIdle } from './khala/idle.ts';
import { measureNodeReads } from './khala/node-reads.ts';
import { measureNotify } from './khala/notify.ts';
import { measureReplay } from './khala/replay.ts';
import { measureSilence } from './khala/silence.ts';
import { measureSlowReaders } from './khala/slow-readers.ts';
import { measureStorm } from './khala/storm.ts';
import { measureTailLatency } from './khala/tail-latency.ts';
import { measureKhalaLatency } from './khala-latency.ts';
import type { Measure } from './measure.ts';
import { inSections } from './sections.ts';

/** The measures of replay and live delivery. */
export default function khala(): Promise<Measure[]> {
  return inSections(async (section) => {
    await section('journal', measureJournal);
    await section('notify', measureNotify);
    await section('latency', () => measureKhalaLatency({ goal: 1, stretch: 0.4 }));
    await section('tail', measureTailLatency);
    await section('fanout', measureFanout);
    await section('replay', measureReplay);
    await section('readers', async () => [await measureSlowReaders()]);
    await section('storm', async () => [await measureStorm()]);
    await section('idle', async () => [await measureIdle()]);
    await section('consumers', async () => [await measureBadConsumers()]);
    await section('silence', async () => [await measureSilence()]);
    await section('reads', async () => [await measureNodeReads()]);
  });
}
