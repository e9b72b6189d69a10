import { expect, test } from 'vitest';
import { check } from './check.ts';
import type { JournalTruth, TopicTruth } from './journal-truth.ts';
import type { Entry, TopicRecord } from './recording.ts';
import { countByClass } from './violation.ts';

const TOPIC = 'run:run_01h455vb4pex5vsknk084sn02q:events';
const shaOf = (seq: number) => `sha-${seq}`;

/** Ten events; event n was committed at 100 n and acknowledged 5 ms later. */
function journalOf(more: Partial<TopicTruth> = {}): JournalTruth {
  const seqs = Array.from({ length: 10 }, (_, index) => index + 1);
  const truth: TopicTruth = {
    topic: TOPIC,
    epoch: 'e1',
    headSeq: 10n,
    floorSeq: 0n,
    replayBudgetEvents: 100,
    rows: new Map(
      seqs.map((seq) => [BigInt(seq), { sha256: shaOf(seq), committedAtMs: 100 * seq }]),
    ),
    acknowledged: seqs.map((seq) => ({ headSeq: BigInt(seq), atMs: 100 * seq + 5 })),
    ...more,
  };
  return new Map([[TOPIC, truth]]);
}

function applied(seq: number, more: Partial<Extract<Entry, { type: 'applied' }>> = {}): Entry {
  return {
    type: 'applied',
    topic: TOPIC,
    epoch: 'e1',
    seq: BigInt(seq),
    claimedSha256: shaOf(seq),
    contentSha256: shaOf(seq),
    atMs: 2_000,
    node: 'a',
    ...more,
  };
}

const connecting = (atMs: number): Entry => ({ type: 'connecting', atMs, node: 'a' });
const caughtUp = (seq: number): Entry => ({ type: 'caught_up', epoch: 'e1', seq: BigInt(seq) });
const range = (from: number, to: number) =>
  Array.from({ length: to + 1 - from }, (_, index) => applied(from + index));

function life(entries: Entry[], more: Partial<TopicRecord> = {}): TopicRecord {
  return {
    reader: 'r1',
    life: 1,
    topic: TOPIC,
    granted: true,
    from: 'beginning',
    begunAt: undefined,
    entries,
    ending: 'completed',
    reason: '',
    ...more,
  };
}

function faultsOf(records: TopicRecord[], journal = journalOf()): string[] {
  return check(records, journal).map(({ fault, seq }) => `${fault} ${seq}`);
}

const at = (seq: number) => ({ epoch: 'e1', seq: BigInt(seq) });

test('whole records have no fault: from the beginning, resumed, after a crash, and after a snapshot', () => {
  const whole = [
    life([connecting(2_000), ...range(1, 10), caughtUp(10)]),
    life([connecting(600), ...range(1, 5)], { reader: 'r2', ending: 'closed' }),
    life([connecting(2_000), ...range(6, 8)], {
      ...{ reader: 'r2', life: 2, from: 'stored', begunAt: at(5), ending: 'crashed' },
    }),
    life([connecting(2_000), ...range(7, 10), caughtUp(10)], {
      ...{ reader: 'r2', life: 3, from: 'stored', begunAt: at(6) },
    }),
    life([connecting(2_000), caughtUp(10)], { reader: 'r3', from: 'cursor', begunAt: at(10) }),
    life([], { reader: 'r4', granted: false, ending: 'refused' }),
  ];
  expect(faultsOf(whole)).toEqual([]);
  const expired = life([
    connecting(2_000),
    { type: 'stale', reason: 'retention_expired', goesOnAt: at(4) },
    ...range(5, 10),
    caughtUp(10),
  ]);
  expect(faultsOf([expired], journalOf({ floorSeq: 4n }))).toEqual([]);
});

const PLANTED: [string, TopicRecord[], string[]][] = [
  ['an event lost in the middle', [life([...range(1, 4), ...range(6, 10)])], ['lost 5']],
  ['the tail that never came', [life(range(1, 7))], ['lost 8']],
  ['nothing at all', [life([])], ['lost 1']],
  [
    'a store that leads what was applied',
    [
      life(range(1, 5), { ending: 'crashed' }),
      life(range(8, 10), { life: 2, from: 'stored', begunAt: at(7) }),
    ],
    ['lost 6'],
  ],
  ['an event twice', [life([...range(1, 4), applied(4), ...range(5, 10)])], ['doubled 4']],
  [
    'an earlier event again, after a reconnection',
    [life([...range(1, 10), connecting(2_000), ...range(9, 10)])],
    ['doubled 9', 'doubled 10'],
  ],
  [
    'a store that lags after an end in order',
    [
      life(range(1, 5), { ending: 'closed' }),
      life(range(4, 10), { life: 2, from: 'stored', begunAt: at(3) }),
    ],
    ['doubled 4'],
  ],
  [
    'two events in the wrong order',
    [life([...range(1, 3), applied(5), applied(4), ...range(6, 10)])],
    ['reordered 4'],
  ],
  [
    'an event of a topic that was not granted',
    [life([applied(1)], { granted: false, ending: 'refused' })],
    ['foreign 1'],
  ],
  [
    'an event of another topic',
    [life([...range(1, 9), applied(10, { topic: 'run:other:events' })])],
    ['foreign 10'],
  ],
  [
    'another payload under this position',
    [life([...range(1, 9), applied(10, { contentSha256: shaOf(3) })])],
    ['foreign 10'],
  ],
  [
    'another row under this position',
    [life([...range(1, 9), applied(10, { claimedSha256: 'x', contentSha256: 'x' })])],
    ['foreign 10'],
  ],
  [
    'an event of another lineage',
    [life([...range(1, 9), applied(10, { epoch: 'e0' })])],
    ['foreign 10'],
  ],
  [
    'an event before its commit',
    [life([...range(1, 9), applied(10, { atMs: 998 })])],
    ['early 10'],
  ],
  ['an event that a crash took back', [life([...range(1, 10), applied(11)])], ['early 11']],
  [
    'complete, and one is missing',
    [life([...range(1, 4), ...range(6, 10), caughtUp(10)])],
    ['hidden_gap 5', 'lost 5'],
  ],
  [
    'complete, and the last did not come',
    [life([...range(1, 8), caughtUp(10), ...range(9, 10)])],
    ['hidden_gap 9'],
  ],
  [
    'at the head, and the head was further',
    [life([connecting(850), caughtUp(3), ...range(4, 10)], { from: 'cursor', begunAt: at(3) })],
    ['hidden_gap 4'],
  ],
  [
    'turned away from what is retained',
    [life([{ type: 'stale', reason: 'retention_expired', goesOnAt: at(10) }])],
    ['refused 0'],
  ],
  [
    'called ahead, and behind the head',
    [
      life([connecting(900), { type: 'stale', reason: 'cursor_ahead', goesOnAt: at(10) }], {
        ...{ from: 'cursor', begunAt: at(4) },
      }),
    ],
    ['refused 4'],
  ],
  [
    'over a budget that is not reached',
    [life([{ type: 'stale', reason: 'replay_budget_exceeded', goesOnAt: at(10) }])],
    ['refused 0'],
  ],
  [
    'another lineage where there is one',
    [
      life([{ type: 'stale', reason: 'lineage_mismatch', goesOnAt: at(10) }], {
        ...{ from: 'cursor', begunAt: at(4) },
      }),
    ],
    ['refused 4'],
  ],
  [
    'a granted topic that is refused',
    [life([], { ending: 'refused', reason: 'forbidden_topic' })],
    ['refused 0'],
  ],
];

test.each(PLANTED)('%s is found', (_, records, faults) => {
  expect(faultsOf(records)).toEqual(faults);
});

test('what the journal acknowledged and lost is found', () => {
  const acknowledged = [{ headSeq: 12n, atMs: 1_300 }];
  expect(faultsOf([], journalOf({ acknowledged }))).toEqual(['lost 11']);
  const rows = new Map(journalOf().get(TOPIC)?.rows);
  rows.delete(7n);
  expect(faultsOf([], journalOf({ rows }))).toEqual(['lost 7']);
  expect(faultsOf([], journalOf({ rows, floorSeq: 7n }))).toEqual([]);
});

test('every class of fault is planted above', () => {
  const found = PLANTED.flatMap(([, records]) => check(records, journalOf()));
  expect(Object.entries(countByClass(found)).filter(([, count]) => count === 0)).toEqual([]);
});
