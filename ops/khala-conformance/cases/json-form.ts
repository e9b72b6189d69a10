import { bare, type Case } from '../case.ts';
import { admitted, baselessHello, challenged, closed, error, open } from '../steps/connection.ts';
import {
  caughtUp,
  follows,
  publish,
  subscribe,
  subscribed,
  topic,
  updates,
} from '../steps/topics.ts';
import { bytes, text } from '../steps/wire.ts';

const rule = 'JSON form';
const asJson = { protocols: ['khala.v1+json'] };
const malformed = [error('malformed_frame'), closed('stop')];
const answers = [baselessHello(), error('unauthorized'), closed('log in')];

/** A heartbeat, with parts of it replaced. */
function heartbeat(changes: object): string {
  return JSON.stringify({
    topic: '',
    seq: '0',
    kind: 'heartbeat',
    schema_version: 1,
    payload: { sent_at_ms: '1' },
    ...changes,
  });
}

const refusedTexts: [string, string][] = [
  ['what is no JSON', 'hello'],
  ['no text at all', ''],
  ['JSON with more behind it', `${heartbeat({})} x`],
  ['a JSON list', '[]'],
  ['a JSON number', '1'],
  ['null', 'null'],
  ['a kind that is a number', heartbeat({ kind: 11 })],
  ['a topic that is a number', heartbeat({ topic: 1 })],
  ['a seq that is negative', heartbeat({ seq: '-1' })],
  ['a seq with a leading zero', heartbeat({ seq: '01' })],
  ['a seq of 2^64', heartbeat({ seq: '18446744073709551616' })],
  ['a seq of 1e3', heartbeat({ seq: '1e3' })],
  ['a fraction for a 64-bit integer', heartbeat({ payload: { sent_at_ms: 1.5 } })],
  ['a number beyond 2^53 for a 64-bit integer', heartbeat({}).replace('"1"', '9007199254740993')],
  ['a number of 400 digits', heartbeat({}).replace('"1"', '9'.repeat(400))],
  ['a 32-bit integer as a string', heartbeat({ schema_version: '1' })],
  ['a 32-bit integer of 2^32', heartbeat({ schema_version: 2 ** 32 })],
  ['a payload that is a list', heartbeat({ payload: [] })],
  ['a payload that is a string', heartbeat({ payload: 'x' })],
  ['no payload', heartbeat({ payload: undefined })],
  ['topics that are one string', heartbeat({ kind: 'subscribe', payload: { topics: 'x' } })],
  ['topics of which one is a number', heartbeat({ kind: 'subscribe', payload: { topics: [1] } })],
  ['a cursor that is a string', heartbeat({ kind: 'subscribe', payload: { resume_after: ['x'] } })],
  ['lists 10,000 deep', '['.repeat(10_000)],
  ['a payload 10,000 deep', `{"kind":"heartbeat","payload":${'{"a":'.repeat(5_000)}`],
  ['a kind of nodes', heartbeat({ kind: 'welcome', payload: {} })],
];

const passedOver: [string, string][] = [
  ['a field of a later version', heartbeat({ later: { a: [1] } })],
  ['a field of a later version in the payload', heartbeat({ payload: { sent_at_ms: '1', x: 1 } })],
  ['a kind of a later version', heartbeat({ kind: 'later' })],
  ['a kind that names what every object has', heartbeat({ kind: 'toString' })],
  ['a name that every object has', heartbeat({}).replace('"topic"', '"__proto__"')],
  ['null for a field', heartbeat({ topic: null })],
  ['missing fields', '{"kind":"heartbeat","payload":{}}'],
  ['an exact number for a 64-bit integer', heartbeat({ payload: { sent_at_ms: 5 } })],
  ['a name twice, of which the last counts', heartbeat({}).replace('{', '{"kind":"welcome",')],
  ['white space around it', ` \n${heartbeat({})}\t `],
  [
    'a field 5,000 deep that nobody knows',
    heartbeat({}).replace('{', `{"x":${'['.repeat(5_000)}${']'.repeat(5_000)},`),
  ],
];

export const jsonCases: Case[] = [
  ...bare([
    ...refusedTexts.map(([what, payload]) => ({
      name: `JSON: ${what}: malformed_frame`,
      rule,
      steps: [open(asJson), challenged, text(what, payload), ...malformed],
    })),
    ...passedOver.map(([what, payload]) => ({
      name: `JSON: ${what} is passed over`,
      rule,
      steps: [open(asJson), challenged, text(what, payload), ...answers],
    })),
    {
      name: 'JSON: a binary message where text was agreed: malformed_frame',
      rule,
      steps: [
        open(asJson),
        challenged,
        bytes('HEARTBEAT in binary', Buffer.from([0x18, 0x0b])),
        ...malformed,
      ],
    },
  ]),
  {
    name: 'JSON: a topic is replayed, caught up and then followed',
    rule,
    steps: [
      topic('a', { events: 3 }),
      ...admitted({}, asJson),
      ...follows('a', 3),
      publish('a', 1),
      updates('a', 4, 4),
    ],
  },
  {
    name: 'JSON: a cursor is continued exactly',
    rule,
    steps: [
      topic('a', { events: 300 }),
      ...admitted({}, asJson),
      ...follows('a', 300),
      subscribe('a', { a: 298 }),
      subscribed('a', 299, 300),
      updates('a', 299, 300),
      caughtUp('a', 300),
    ],
  },
];
