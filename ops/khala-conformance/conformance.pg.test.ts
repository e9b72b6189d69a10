/** The table against one node and against two, each a process of its own. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CASES } from './cases.ts';
import { type Played, playAll } from './play.ts';
import { startNodes, type TestNodes } from './testing/nodes.ts';

/** Short enough that no case waits long, long enough for a busy machine. */
const TIMING = {
  KHALA_HELLO_TIMEOUT_MS: '2500',
  KHALA_HEARTBEAT_INTERVAL_MS: '1000',
  KHALA_DEAD_AFTER_MS: '5000',
  KHALA_STALLED_AFTER_MS: '1500',
  KHALA_SAFETY_POLL_MS: '300',
  KHALA_DRAIN_WINDOW_MS: '1000',
};
const AT_ONCE = 12;
const PATIENCE_MS = 20_000;

describe.each([1, 2])('against %i of the nodes', (count) => {
  const played = new Map<string, Played>();
  let nodes: TestNodes;

  beforeAll(async () => {
    nodes = await startNodes(TIMING, count);
    const options = {
      urls: nodes.urls,
      authority: nodes.authority,
      patienceMs: PATIENCE_MS,
      stalledAfterMs: Number(TIMING.KHALA_STALLED_AFTER_MS),
      atOnce: AT_ONCE,
    };
    const first = await playAll(CASES, options);
    // As everywhere: what fails once and then holds, alone, was the machine.
    const failed = first.filter(({ outcome }) => outcome === 'failed').map((each) => each.case);
    const again = await playAll(failed, { ...options, atOnce: 1 });
    for (const each of [...first, ...again]) played.set(each.case.name, each);
  });

  afterAll(() => nodes?.stop());

  test.each(CASES)('$name', ({ name }) => {
    const { outcome, detail } = played.get(name) ?? { outcome: 'not run', detail: '' };
    expect({ outcome, detail }).toEqual({ outcome: 'passed', detail: '' });
  });
});
