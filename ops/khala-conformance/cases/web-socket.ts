import { bare } from '../case.ts';
import { rawFrame } from '../peer/protobuf.ts';
import { closePayload, OPCODE, type OutgoingFrame } from '../peer/raw-web-socket.ts';
import { baselessHello, challenged, closed, error, open, refused } from '../steps/connection.ts';
import { bytes, frame, halfClose, pong, tcp } from '../steps/wire.ts';

const rule = 'WebSocket';
const FRAME_BYTES_MAX = 64 * 1024;

/** Still there and listening: it hears a HELLO and refuses it. */
const answers = [baselessHello(), error('unauthorized'), closed('log in')];

const { text, binary, continuation, ping, close } = OPCODE;
/** Of a kind that no version knows, so that its size is all there is to it. */
function fillerOf(length: number): Buffer {
  const overhead = rawFrame({ kind: 127, payload_bytes: Buffer.alloc(length - 8) }).length;
  return rawFrame({ kind: 127, payload_bytes: Buffer.alloc(length - 8 + (length - overhead)) });
}

const brokenFrames: [string, number, ...OutgoingFrame[]][] = [
  ['a frame without a mask', 1002, { opcode: binary, payload: 'x', unmasked: true }],
  ['a reserved bit', 1002, { opcode: binary, payload: 'x', reservedBits: 4 }],
  ['an opcode of nobody', 1002, { opcode: 3, payload: 'x' }],
  ['a control opcode of nobody', 1002, { opcode: 11 }],
  ['a ping in fragments', 1002, { opcode: ping, payload: 'x', more: true }],
  ['a ping of 126 bytes', 1002, { opcode: ping, payload: Buffer.alloc(126) }],
  ['a continuation of nothing', 1002, { opcode: continuation, payload: 'x' }],
  [
    'a message within a message',
    1002,
    { opcode: binary, payload: 'x', more: true },
    { opcode: binary, payload: 'y' },
  ],
  ['text that is not UTF-8', 1007, { opcode: text, payload: Buffer.from([0xc3, 0x28]) }],
  ['64 KiB and a byte', 1009, { opcode: binary, payload: Buffer.alloc(FRAME_BYTES_MAX + 1) }],
  [
    'fragments of 64 KiB and a byte in all',
    1009,
    { opcode: binary, payload: Buffer.alloc(FRAME_BYTES_MAX), more: true },
    { opcode: continuation, payload: 'x' },
  ],
  ['a close code that nobody may send', 1002, { opcode: close, payload: closePayload(1005) }],
  ['a close frame of one byte', 1002, { opcode: close, payload: 'x' }],
  [
    'a close reason that is not UTF-8',
    1007,
    { opcode: close, payload: Buffer.from([0x03, 0xe8, 0xc3, 0x28]) },
  ],
];

export const webSocketCases = bare([
  { name: 'another path is not found', rule, steps: [refused({ path: '/v1/other' }, 404)] },
  {
    name: 'another subprotocol is no session',
    rule,
    steps: [refused({ protocols: ['graphql-ws'] }, 101), closed(1002)],
  },
  { name: 'no subprotocol is no session', rule, steps: [refused({ protocols: [] }, 101, 400)] },
  {
    name: 'another WebSocket version is refused',
    rule,
    steps: [refused({ version: '12' }, 400, 426)],
  },
  {
    name: 'khala.v1 is chosen among others',
    rule,
    steps: [open({ protocols: ['graphql-ws', 'khala.v1'] }), challenged, ...answers],
  },
  {
    name: 'a foreign origin is told and stopped',
    rule: 'Close codes',
    steps: [
      open({ origin: 'https://foreign.example' }),
      challenged,
      error('forbidden_origin'),
      closed('stop'),
    ],
  },
  {
    name: 'a ping is answered, also before HELLO',
    rule,
    steps: [
      open(),
      challenged,
      frame('ping', { opcode: ping, payload: 'are you' }),
      pong('are you'),
      ...answers,
    ],
  },
  {
    name: 'a pong that nobody asked for is passed over',
    rule,
    steps: [open(), challenged, frame('pong', { opcode: OPCODE.pong }), ...answers],
  },
  {
    name: 'a close is answered with its code',
    rule,
    steps: [
      open(),
      challenged,
      frame('close 1000', { opcode: close, payload: closePayload(1000, 'done') }),
      closed(1000),
    ],
  },
  {
    name: 'a half-closed line is let go',
    rule,
    steps: [open(), challenged, halfClose, closed(1006)],
  },
  {
    name: 'exactly 64 KiB are read',
    rule,
    steps: [
      open(),
      challenged,
      bytes('64 KiB of an unknown kind', fillerOf(FRAME_BYTES_MAX)),
      ...answers,
    ],
  },
  ...brokenFrames.map(([what, code, ...frames]) => ({
    name: `${what} is closed by the standard's code`,
    rule: 'Close codes',
    steps: [
      open(what.startsWith('text') ? { protocols: ['khala.v1+json'] } : {}),
      challenged,
      frame(what, ...frames),
      closed(code),
    ],
  })),
  {
    name: 'a length of 2^62 is closed before it comes',
    rule: 'Close codes',
    steps: [
      open(),
      challenged,
      tcp('the header of 2^62 bytes', Buffer.from([0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0])),
      closed(1009),
    ],
  },
]);
