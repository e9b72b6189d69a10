import type { Case } from '../case.ts';
import { admitted } from '../steps/connection.ts';
import {
  caughtUp,
  expire,
  follows,
  publish,
  restore,
  snapshotRequired,
  subscribe,
  subscribed,
  topic,
  unsubscribe,
  updates,
} from '../steps/topics.ts';

const rule = 'Outcomes';
const OTHER_EPOCH = '00000000-0000-4000-8000-000000000000';
const NOTIFICATIONS_BUDGET = 500;

/** A followed topic of ten events, left again: its lineage is known. */
const known = [topic('a', { events: 10 }), ...admitted(), ...follows('a', 10), unsubscribe('a')];

/** The reader of that topic asks for a cursor that cannot be resumed. */
function stale(
  name: string,
  cursor: Parameters<typeof subscribe>[1],
  ...answer: Parameters<typeof snapshotRequired> extends [string, ...infer Rest] ? Rest : never
): Case {
  return {
    name,
    rule,
    steps: [...known, subscribe('a', cursor), snapshotRequired('a', ...answer)],
  };
}

export const cursorCases: Case[] = [
  {
    name: 'a cursor in the window is continued exactly',
    rule,
    steps: [
      ...known,
      subscribe('a', { a: 6 }),
      subscribed('a', 7, 10),
      updates('a', 7, 10),
      caughtUp('a', 10),
    ],
  },
  {
    name: 'a cursor at the head succeeds with no event',
    rule,
    steps: [...known, subscribe('a', { a: 10 }), subscribed('a', 11, 10), caughtUp('a', 10)],
  },
  {
    name: 'seq 0 of the lineage is the beginning',
    rule,
    steps: [...known, subscribe('a', { a: 0 }), ...follows('a', 10).slice(1)],
  },
  {
    name: 'seq 0 without a lineage is the beginning',
    rule,
    steps: [...known, subscribe('a', { a: { epoch: '', seq: 0 } }), ...follows('a', 10).slice(1)],
  },
  stale('a cursor ahead of the head is stale', { a: 11 }, 'cursor_ahead', {
    head_seq: 10n,
    floor_seq: 0n,
  }),
  stale('a cursor of 2^53-1 is stale', { a: Number.MAX_SAFE_INTEGER }, 'cursor_ahead'),
  stale(
    'a cursor of another lineage is stale',
    { a: { epoch: OTHER_EPOCH, seq: 2 } },
    'lineage_mismatch',
  ),
  stale(
    'a cursor of a lineage that is none is stale',
    { a: { epoch: 'x', seq: 2 } },
    'lineage_mismatch',
  ),
  stale('a cursor without a lineage is stale', { a: { epoch: '', seq: 2 } }, 'lineage_mismatch'),
  {
    name: 'a cursor behind the floor is stale, one at the floor is not',
    rule,
    steps: [
      ...known,
      expire('a', 4),
      subscribe('a', { a: 3 }),
      snapshotRequired('a', 'retention_expired', { floor_seq: 4n, head_seq: 10n }),
      subscribe('a', { a: 4 }),
      subscribed('a', 5, 10),
      updates('a', 5, 10),
      caughtUp('a', 10),
    ],
  },
  {
    name: 'a topic without any retained event tells a stale cursor from a current one',
    rule,
    steps: [
      ...known,
      expire('a', 10),
      subscribe('a', { a: 9 }),
      snapshotRequired('a', 'retention_expired'),
      subscribe('a', { a: 10 }),
      subscribed('a', 11, 10),
      caughtUp('a', 10),
      publish('a', 1),
      updates('a', 11, 11),
    ],
  },
  {
    name: 'a cursor beyond the replay budget is stale, one event less is not',
    rule,
    steps: [
      topic('a', { class: 'notifications', events: NOTIFICATIONS_BUDGET + 1 }),
      ...admitted(),
      subscribe('a', { a: { epoch: '', seq: 0 } }),
      snapshotRequired('a', 'replay_budget_exceeded', {
        head_seq: BigInt(NOTIFICATIONS_BUDGET + 1),
      }),
      publish('a', 1),
      subscribe('a', { a: { epoch: '', seq: 0 } }),
      snapshotRequired('a', 'replay_budget_exceeded'),
    ],
  },
  {
    name: 'exactly the replay budget is replayed',
    rule,
    steps: [
      topic('a', { class: 'notifications', events: NOTIFICATIONS_BUDGET }),
      ...admitted(),
      subscribe('a', { a: { epoch: '', seq: 0 } }),
      ...follows('a', NOTIFICATIONS_BUDGET).slice(1),
    ],
  },
  {
    name: 'a new lineage is told to the readers of the old one, and they can begin anew',
    rule,
    steps: [
      topic('a', { events: 2 }),
      topic('b', { events: 1 }),
      ...admitted(),
      ...follows('a', 2),
      ...follows('b', 1),
      restore('a'),
      snapshotRequired('a', 'lineage_mismatch'),
      publish('b', 1),
      updates('b', 2, 2),
      ...follows('a', 2),
    ],
  },
  {
    name: 'a stale topic leaves the others alone',
    rule: 'Invariant 7',
    steps: [
      ...known,
      topic('b', { events: 2, class: 'codex_worker_summaries' }),
      ...admitted(),
      subscribe(['a', 'b'], { a: 99, b: { epoch: '', seq: 0 } }),
      snapshotRequired('a', 'cursor_ahead'),
      ...follows('b', 2).slice(1),
    ],
  },
];
