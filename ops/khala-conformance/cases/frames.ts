import { bare, type Case } from '../case.ts';
import { KINDS, type Kind } from '../peer/contract.ts';
import { encodeFrame, rawFrame } from '../peer/protobuf.ts';
import {
  admitted,
  baselessHello,
  challenged,
  closed,
  error,
  hello,
  open,
  welcomed,
} from '../steps/connection.ts';
import { follows, topic } from '../steps/topics.ts';
import { bytes, inPieces, subscribeInFragments, text } from '../steps/wire.ts';

const rule = 'Frames';
const CLIENT_KINDS: readonly string[] = [
  'hello',
  'subscribe',
  'unsubscribe',
  'heartbeat',
  'token_refresh',
];
const serverKinds = (Object.keys(KINDS) as Kind[]).filter((kind) => !CLIENT_KINDS.includes(kind));

const heartbeat = encodeFrame('heartbeat', { sent_at_ms: 1n });
const malformed = [error('malformed_frame'), closed('stop')];
const answers = [baselessHello(), error('unauthorized'), closed('log in')];

const hexOf = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

/** A subscribe frame cut after each of its parts. */
const whole = encodeFrame('subscribe', { topics: ['run:x:events'], request_id: 'r' });

const refusedBytes: [string, Buffer][] = [
  ['bytes that are no protobuf', hexOf('ff ff ff')],
  ['a frame cut in its length', whole.subarray(0, 3)],
  ['a frame cut in its payload', whole.subarray(0, whole.length - 6)],
  ['a length beyond the end', hexOf('22 ff 01')],
  ['a length of 2^63', hexOf('22 80 80 80 80 80 80 80 80 80 01')],
  ['a varint without an end', hexOf('10 ff ff ff ff ff ff ff ff ff ff ff')],
  ['a group that never ends', hexOf('0b')],
  ['the end of a group that never began', hexOf('0c')],
  ['a wire type that nobody has', hexOf('0f')],
  ['a topic that is not UTF-8', hexOf('0a 02 c3 28')],
  ['a payload that is not its message', rawFrame({ kind: 4, payload_bytes: hexOf('ff ff ff') })],
  ['a payload whose text is not UTF-8', rawFrame({ kind: 4, payload_bytes: hexOf('0a 02 c3 28') })],
  ['JSON in a binary message', Buffer.from('{"kind":"hello"}')],
];

const passedOver: [string, Buffer][] = [
  ['a kind of a later version', rawFrame({ kind: 127, schema_version: 1 })],
  ['a kind of 2^31-1', rawFrame({ kind: 2 ** 31 - 1 })],
  ['no kind', Buffer.alloc(0)],
  ['a heartbeat with a field of a later version', Buffer.concat([heartbeat, hexOf('fa 06 01 78')])],
  [
    'a heartbeat whose payload has a field of a later version',
    rawFrame({ kind: 11, payload_bytes: hexOf('08 01 fa 06 01 78') }),
  ],
  ['a heartbeat of another schema_version', rawFrame({ kind: 11, schema_version: 99 })],
  ['a heartbeat that names a topic and a seq', rawFrame({ kind: 11, topic: 't', seq: 9n })],
];

const bareCases = bare([
  ...refusedBytes.map(([what, payload]) => ({
    name: `${what}: malformed_frame`,
    rule,
    steps: [open(), challenged, bytes(what, payload), ...malformed],
  })),
  {
    name: 'a text message where binary was agreed: malformed_frame',
    rule,
    steps: [open(), challenged, text('{"kind":"heartbeat"}', '{"kind":"heartbeat"}'), ...malformed],
  },
  ...serverKinds.map((kind) => ({
    name: `${kind.toUpperCase()} comes from nodes only: malformed_frame`,
    rule,
    steps: [
      open(),
      challenged,
      bytes(
        kind.toUpperCase(),
        encodeFrame(kind, kind === 'update_batch' ? { updates: [{ seq: 0n }] } : {}),
      ),
      ...malformed,
    ],
  })),
  ...passedOver.map(([what, payload]) => ({
    name: `${what} is passed over`,
    rule,
    steps: [open(), challenged, bytes(what, payload), ...answers],
  })),
]);

const authorityCases: Case[] = [
  {
    name: 'a malformed frame after WELCOME ends the connection too',
    rule,
    steps: [
      topic('a', { events: 1 }),
      ...admitted(),
      ...follows('a', 1),
      bytes('garbage', hexOf('ff ff')),
      ...malformed,
    ],
  },
  {
    name: 'fragments with a ping between them are one message',
    rule: 'WebSocket',
    steps: [
      topic('a', { events: 1 }),
      ...admitted(),
      subscribeInFragments('a'),
      ...follows('a', 1).slice(1),
    ],
  },
  {
    name: 'a HELLO that comes byte by byte is a HELLO',
    rule: 'WebSocket',
    steps: [open(), challenged, inPieces(hello()), welcomed],
  },
];

export const frameCases: Case[] = [...bareCases, ...authorityCases];
