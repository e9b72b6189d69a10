import { bare, type Case } from '../case.ts';
import { encodeFrame } from '../peer/protobuf.ts';
import { OPCODE } from '../peer/raw-web-socket.ts';
import {
  admitted,
  baselessHello,
  type Credentials,
  challenged,
  closed,
  error,
  hello,
  helloWithSameToken,
  on,
  open,
  welcomed,
} from '../steps/connection.ts';
import { quiet, wait } from '../steps/line.ts';
import { onOneNode } from '../steps/node.ts';
import { follows, subscribe, topic, unsubscribe } from '../steps/topics.ts';
import { bytes, frame } from '../steps/wire.ts';

const heartbeat = bytes('HEARTBEAT', encodeFrame('heartbeat', { sent_at_ms: 1n }));
const refresh = bytes('TOKEN_REFRESH', encodeFrame('token_refresh', { token: 't', proof: 'p' }));
const helloComesFirst = [error('malformed_frame', /hello comes first/), closed('stop')];
const upgrade = [error('upgrade_required'), closed('upgrade')];

const bareCases = bare([
  {
    name: 'HELLO that never comes ends the socket, and the client may come again',
    rule: 'Frames 1',
    steps: [open(), challenged, error('unauthorized', /too late/), closed('resume after')],
  },
  {
    name: 'heartbeats and pings are no HELLO',
    rule: 'Frames 1',
    steps: [
      open(),
      challenged,
      heartbeat,
      frame('ping', { opcode: OPCODE.ping }),
      error('unauthorized', /too late/),
      closed('resume after'),
    ],
  },
  {
    name: 'SUBSCRIBE before HELLO',
    rule: 'Frames 2',
    steps: [open(), challenged, subscribe('run:x:events'), ...helloComesFirst],
  },
  {
    name: 'UNSUBSCRIBE before HELLO',
    rule: 'Frames 2',
    steps: [open(), challenged, unsubscribe('run:x:events'), ...helloComesFirst],
  },
  {
    name: 'TOKEN_REFRESH before HELLO',
    rule: 'Frames 2',
    steps: [open(), challenged, refresh, ...helloComesFirst],
  },
  {
    name: 'HEARTBEAT before HELLO is passed over',
    rule: 'Frames 2',
    steps: [
      open(),
      challenged,
      heartbeat,
      baselessHello(),
      error('unauthorized'),
      closed('log in'),
    ],
  },
  ...(
    [
      ['protocol 0', { protocol_version: 0 }],
      ['protocol 2', { protocol_version: 2 }],
      ['protocol 2^32-1', { protocol_version: 2 ** 32 - 1 }],
      ['schema 9', { schema_version: 9 }],
      ['a build that is none', { client_build_id: 'latest' }],
      ['a build before the window', { client_build_id: '20200101T000000Z' }],
    ] as const
  ).map(([what, fields]) => ({
    name: `HELLO of ${what} asks for an upgrade`,
    rule: 'Close codes',
    steps: [open(), challenged, baselessHello(fields), ...upgrade],
  })),
  ...(
    [
      ['that is none', 'none'],
      ['that is empty', ''],
      ['of alg none', `${base64url({ alg: 'none' })}.${base64url({ sub: 'x' })}.`],
      ['of 60 KB', 'x'.repeat(60_000)],
    ] as const
  ).map(([what, token]) => ({
    name: `a token ${what} is unauthorized`,
    rule: 'Close codes',
    steps: [open(), challenged, baselessHello({ token }), error('unauthorized'), closed('log in')],
  })),
]);

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

const refusedTokens: [string, Credentials, RegExp][] = [
  ['a token for another audience', { token: { audience: 'openagents-runtime' } }, /audience/],
  ['a token of another type', { token: { type: 'at+jwt' } }, /type/],
  ['a token of another issuer', { token: { issuer: 'someone' } }, /issuer/],
  ['a token signed by a stranger', { token: { signedByStranger: true } }, /signature|kid/],
  ['a token that lives 901 s', { token: { lifeS: 901 } }, /too long/],
  ['a token without a key that lives 61 s', { token: { unbound: true, lifeS: 61 } }, /unbound/],
  ['a token without a session', { token: { claims: { sid: undefined } } }, /claims/],
  ['a token of another device', { fields: { device_id: 'device-other' } }, /other device/],
  ['no proof', { proof: { absent: true } }, /proof/],
  ['a proof by a stranger', { proof: { signedByStranger: true } }, /other key/],
  ['a proof over another nonce', { proof: { nonce: 'recorded' } }, /other claims/],
  ['a proof for another token', { proof: { jti: 'tok_other' } }, /other claims/],
  ['a proof for another device', { proof: { device_id: 'thief' } }, /other claims/],
  ['a proof of another type', { proof: { typ: 'dpop+jwt' } }, /invalid proof/],
];

const authorityCases: Case[] = [
  {
    name: 'a client that proves itself is welcomed',
    rule: 'Frames 3',
    steps: [...admitted(), quiet(100)],
  },
  ...refusedTokens.map(([what, credentials, message]) => ({
    name: `${what} is unauthorized`,
    rule: 'The proof',
    steps: [
      open(),
      challenged,
      hello(credentials),
      error('unauthorized', message),
      closed('log in'),
    ],
  })),
  {
    name: 'a token from the future asks for a newer one: a clock is wrong, and no login has ended',
    rule: 'Close codes',
    steps: [
      open(),
      challenged,
      hello({ token: { issuedInS: 120 } }),
      error('reauth_required', /not yet valid/),
      closed('refresh the token'),
    ],
  },
  {
    name: 'an expired token asks for a fresh one',
    rule: 'Close codes',
    steps: [
      open(),
      challenged,
      hello({ token: { expiresInS: -60 } }),
      error('token_expired'),
      closed('refresh the token'),
    ],
  },
  {
    name: 'a token from the future asks for another one, for a clock is wrong',
    rule: 'Close codes',
    steps: [
      open(),
      challenged,
      hello({ token: { issuedInS: 120 } }),
      error('reauth_required', /not yet valid/),
      closed('refresh the token'),
    ],
  },
  {
    name: 'a token of a minute needs no key',
    rule: 'The proof',
    steps: [
      open(),
      challenged,
      hello({ token: { unbound: true, lifeS: 60 }, proof: { absent: true } }),
      welcomed,
    ],
  },
  {
    name: 'HELLO twice',
    rule: 'Frames 2',
    steps: [...admitted(), hello(), error('malformed_frame', /hello twice/), closed('stop')],
  },
  {
    name: 'HELLO twice at once',
    rule: 'Frames 2',
    steps: [
      open(),
      challenged,
      hello(),
      hello(),
      welcomed,
      error('malformed_frame'),
      closed('stop'),
    ],
  },
  {
    name: 'SUBSCRIBE need not wait for WELCOME',
    rule: 'Frames 2',
    steps: [topic('a', { events: 2 }), open(), challenged, hello(), ...pipelined()],
  },
  {
    name: 'a fifth socket of one token waits for one of the four to close',
    rule: 'The proof',
    steps: [
      onOneNode,
      ...admitted(),
      ...['second', 'third', 'fourth'].flatMap((name) =>
        on(name, open(), challenged, helloWithSameToken, welcomed),
      ),
      ...on(
        'fifth',
        open(),
        challenged,
        helloWithSameToken,
        error('overloaded'),
        closed('resume after'),
      ),
      ...on('fourth', frame('close', { opcode: OPCODE.close }), closed(1005, 1000)),
      wait(50),
      ...on('sixth', open(), challenged, helloWithSameToken, welcomed),
    ],
  },
];

function pipelined() {
  const [sent, ...answers] = follows('a', 2);
  return [...(sent ? [sent] : []), welcomed, ...answers];
}

export const handshakeCases: Case[] = [...bareCases, ...authorityCases];
