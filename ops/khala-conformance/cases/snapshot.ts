import type { Case } from '../case.ts';
import { admitted } from '../steps/connection.ts';
import { readSnapshot, subscribedAtSnapshot, takeSnapshot } from '../steps/snapshots.ts';
import {
  caughtUp,
  expire,
  follows,
  publish,
  snapshotRequired,
  subscribe,
  subscribed,
  topic,
  updates,
} from '../steps/topics.ts';

const rule = 'Retention and snapshots';

/** Three events in a snapshot and two behind it. */
const snapped = [
  topic('a', { class: 'codex_worker_summaries', events: 3 }),
  takeSnapshot('a'),
  publish('a', 2),
  ...admitted(),
];

export const snapshotCases: Case[] = [
  {
    name: 'a topic without a cursor begins at its snapshot, and what it names is served',
    rule,
    steps: [
      ...snapped,
      subscribe('a'),
      subscribedAtSnapshot('a', 3, 5),
      updates('a', 4, 5),
      caughtUp('a', 5),
      readSnapshot('a', 200),
      publish('a', 1),
      updates('a', 6, 6),
    ],
  },
  {
    name: 'a snapshot at the head is caught up with no event',
    rule,
    steps: [
      topic('a', { class: 'codex_worker_summaries', events: 3 }),
      takeSnapshot('a'),
      ...admitted(),
      subscribe('a'),
      subscribedAtSnapshot('a', 3, 3),
      caughtUp('a', 3),
    ],
  },
  {
    name: 'the beginning, where it is asked for, is never the snapshot',
    rule,
    steps: [
      ...snapped,
      subscribe('a', { a: { epoch: '', seq: 0 } }),
      subscribed('a', 1, 5),
      updates('a', 1, 5),
      caughtUp('a', 5),
    ],
  },
  {
    name: 'a class without snapshots begins at its beginning and has none',
    rule,
    steps: [topic('a', { events: 2 }), ...admitted(), ...follows('a', 2), readSnapshot('a', 404)],
  },
  {
    name: 'a cursor whose rows are folded into the snapshot is sent to it',
    rule: 'Outcomes',
    steps: [
      ...snapped,
      subscribe('a', { a: { epoch: '', seq: 0 } }),
      ...follows('a', 5).slice(1),
      expire('a', 3),
      subscribe('a', { a: 1 }),
      snapshotRequired('a', 'compacted', { floor_seq: 3n, snapshot_seq: 3n }),
      subscribe('a'),
      subscribedAtSnapshot('a', 3, 5),
      updates('a', 4, 5),
      caughtUp('a', 5),
    ],
  },
  {
    name: 'a snapshot that did not change is not sent again, a newer one is',
    rule,
    steps: [
      ...snapped,
      readSnapshot('a', 200),
      readSnapshot('a', 304, { ifChanged: true }),
      takeSnapshot('a'),
      readSnapshot('a', 200, { ifChanged: true }),
    ],
  },
  {
    name: 'a snapshot is read with token and proof of this very request only',
    rule,
    steps: [
      ...snapped,
      readSnapshot('a', 401, { without: 'token' }),
      readSnapshot('a', 401, { without: 'proof' }),
      readSnapshot('a', 401, { proofFor: 'https://elsewhere.example/' }),
      readSnapshot('a', 200),
      readSnapshot('a', 401, { proofAgain: true }),
    ],
  },
  {
    name: 'a snapshot of someone else is refused as one that never was',
    rule,
    steps: [
      topic('a', { class: 'codex_worker_summaries', events: 1, ofSomeoneElse: true }),
      takeSnapshot('a'),
      ...admitted(),
      readSnapshot('a', 403),
      readSnapshot('user:user_01h455vb4pex5vsknk084sn02q:workers', 403),
    ],
  },
];
