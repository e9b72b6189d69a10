import type { Case } from '../case.ts';
import { encodeFrame } from '../peer/protobuf.ts';
import { admitted, closed, error, on } from '../steps/connection.ts';
import { quiet } from '../steps/line.ts';
import {
  caughtUp,
  follows,
  giveAway,
  publish,
  subscribe,
  subscribed,
  topic,
  topicError,
  unsubscribe,
  updates,
} from '../steps/topics.ts';
import { bytes } from '../steps/wire.ts';

const rule = 'Frames 4';
const TOPICS_MAX = 256;
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`);

/** A stranger of each sort, and why it is refused. */
const notJoinable: [string, string, Parameters<typeof topicError>[1]][] = [
  ['for nodes only', 'system:revocations', 'forbidden_topic'],
  [
    'that nobody has published to',
    'worker:worker_01h455vb4pex5vsknk084sn02q:events',
    'forbidden_topic',
  ],
  ['with a wildcard', 'run:*:events', 'bad_subscription'],
  ['with an id that is none', 'run:run_1:events', 'bad_subscription'],
  ['without an id', 'run::events', 'bad_subscription'],
  ['in capitals', 'RUN:x:events', 'bad_subscription'],
  ['with a NUL', 'run:\u0000:events', 'bad_subscription'],
  ['of 10,000 characters', 'x'.repeat(10_000), 'bad_subscription'],
  ['that is a prefix', 'run:', 'bad_subscription'],
  ['in another script', 'rün:x:events', 'bad_subscription'],
];

export const subscribeCases: Case[] = [
  {
    name: 'a topic is replayed, caught up and then followed',
    rule: 'Invariant 3',
    steps: [
      topic('a', { events: 7 }),
      ...admitted(),
      ...follows('a', 7),
      publish('a', 1),
      updates('a', 8, 8),
    ],
  },
  {
    name: 'a topic with nothing in it is caught up at 0 and then followed',
    rule: 'Outcomes',
    steps: [topic('a'), ...admitted(), ...follows('a', 0), publish('a', 2), updates('a', 1, 2)],
  },
  {
    name: 'a thousand events come dense, in batches',
    rule: 'Invariant 2',
    steps: [topic('a', { events: 1_000 }), ...admitted(), ...follows('a', 1_000)],
  },
  {
    name: 'an event at the payload cap comes whole',
    rule: 'Frames 6',
    steps: [topic('a', { events: 2, bytes: 262_000 }), ...admitted(), ...follows('a', 2)],
  },
  {
    name: 'two sockets follow one topic, each in its order',
    rule: 'Invariant 7',
    steps: [
      topic('a', { events: 3 }),
      ...admitted(),
      ...follows('a', 3),
      ...on('second', admitted(), follows('a', 3)),
      publish('a', 4),
      updates('a', 4, 7),
      ...on('second', updates('a', 4, 7)),
    ],
  },
  {
    name: 'several topics in one SUBSCRIBE are answered each for itself',
    rule,
    steps: [
      topic('a', { events: 2 }),
      topic('b', { class: 'codex_worker_summaries' }),
      publish('b', 3),
      ...admitted(),
      subscribe(['a', 'b'], { b: { epoch: '', seq: 0 } }),
      ...follows('a', 2).slice(1),
      ...follows('b', 3).slice(1),
      publish('b', 1),
      updates('b', 4, 4),
    ],
  },
  {
    name: 'a topic twice in one SUBSCRIBE is answered once',
    rule,
    steps: [
      topic('a', { events: 2 }),
      ...admitted(),
      subscribe(['a', 'a', 'a']),
      ...follows('a', 2).slice(1),
      quiet(100, 'a'),
    ],
  },
  {
    name: 'SUBSCRIBE of nothing is nothing',
    rule,
    steps: [topic('a', { events: 1 }), ...admitted(), subscribe([]), quiet(50), ...follows('a', 1)],
  },
  {
    name: 'a cursor of a topic that is not asked for is nothing',
    rule,
    steps: [
      topic('a', { events: 1 }),
      ...admitted(),
      subscribe('a', { other: { epoch: 'x', seq: 9 } }),
      ...follows('a', 1).slice(1),
    ],
  },
  {
    name: 'SUBSCRIBE of a followed topic begins anew at its cursor',
    rule,
    steps: [
      topic('a', { events: 5 }),
      ...admitted(),
      ...follows('a', 5),
      subscribe('a', { a: 3 }),
      subscribed('a', 4, 5),
      updates('a', 4, 5),
      caughtUp('a', 5),
      publish('a', 1),
      updates('a', 6, 6),
    ],
  },
  {
    name: '257 topics at once end the connection',
    rule: 'Close codes',
    steps: [
      ...admitted(),
      subscribe(numbered(TOPICS_MAX + 1)),
      error('bad_subscription'),
      closed('stop'),
    ],
  },
  {
    name: 'a topic without text ends the connection, as no ERROR could name it',
    rule: 'Close codes',
    steps: [
      topic('a'),
      ...admitted(),
      subscribe(['', 'a']),
      error('bad_subscription'),
      closed('stop'),
    ],
  },
  {
    name: '20,000 topics that fit into a frame end the connection',
    rule: 'Close codes',
    steps: [
      ...admitted(),
      bytes(
        'SUBSCRIBE of 20,000 topics',
        encodeFrame('subscribe', { topics: Array(20_000).fill('t') }),
      ),
      error('bad_subscription'),
      closed('stop'),
    ],
  },
  {
    name: '100,000 topics do not fit into a frame',
    rule: 'Close codes',
    steps: [
      ...admitted(),
      bytes(
        'SUBSCRIBE of 100,000 topics',
        encodeFrame('subscribe', { topics: Array(100_000).fill('t') }),
      ),
      closed(1009),
    ],
  },
  ...notJoinable.map(
    ([what, text, code]): Case => ({
      name: `a topic ${what} is refused, and the others go on`,
      rule: 'Invariant 7',
      steps: [
        topic('a', { events: 1 }),
        ...admitted({ grants: ['a', text.slice(0, 100)] }),
        subscribe([text, 'a']),
        topicError(text, code),
        ...follows('a', 1).slice(1),
      ],
    }),
  ),
  {
    name: 'a topic that the token does not grant is refused, and the others go on',
    rule: 'Invariant 7',
    steps: [
      topic('a', { events: 1 }),
      topic('b', { events: 1 }),
      ...admitted({ grants: ['a'] }),
      subscribe(['b', 'a']),
      topicError('b', 'forbidden_topic', /not granted/),
      ...follows('a', 1).slice(1),
    ],
  },
  {
    name: 'a topic of someone else is refused whatever the token grants',
    rule: 'Invariant 7',
    steps: [
      topic('a', { events: 1 }),
      topic('b', { events: 1, ofSomeoneElse: true }),
      ...admitted(),
      subscribe(['b', 'a']),
      topicError('b', 'forbidden_topic', /owner/),
      ...follows('a', 1).slice(1),
    ],
  },
  {
    name: 'a topic that changes hands is taken from its follower, the others go on',
    rule: 'Invariant 7',
    steps: [
      topic('a', { events: 1 }),
      topic('b', { events: 1 }),
      ...admitted(),
      ...follows('a', 1),
      ...follows('b', 1),
      giveAway('b'),
      topicError('b', 'forbidden_topic', /owner/),
      publish('b', 1),
      publish('a', 1),
      updates('a', 2, 2),
      quiet(100, 'b'),
    ],
  },
  {
    name: 'UNSUBSCRIBE is silence, and the topic can be taken up where it stopped',
    rule,
    steps: [
      topic('a', { events: 3 }),
      topic('b', { events: 1 }),
      ...admitted(),
      ...follows('a', 3),
      unsubscribe('a'),
      // An answer to what was sent later says that the node has read it.
      ...follows('b', 1),
      publish('a', 3),
      quiet(200, 'a'),
      subscribe('a', { a: 3 }),
      subscribed('a', 4, 6),
      updates('a', 4, 6),
      caughtUp('a', 6),
    ],
  },
  {
    name: 'UNSUBSCRIBE of what was never joined is nothing',
    rule,
    steps: [
      topic('a', { events: 1 }),
      ...admitted(),
      unsubscribe('never:joined:topic', '', 'a', 'a'),
      ...follows('a', 1),
    ],
  },
];
