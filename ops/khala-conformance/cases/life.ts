import type { Case } from '../case.ts';
import { admitted, closed, error, on, refresh, welcomed } from '../steps/connection.ts';
import {
  hangUp,
  heartbeats,
  hush,
  quiet,
  readAgain,
  stopReading,
  untilStalled,
  wait,
} from '../steps/line.ts';
import { drain, errorWithPosition, onSpareNode, reconnect } from '../steps/node.ts';
import {
  caughtUp,
  follows,
  publish,
  subscribe,
  subscribed,
  topic,
  topicError,
  unsubscribe,
  updates,
} from '../steps/topics.ts';
import { times } from '../steps/wire.ts';

/** Time enough to subscribe on a busy machine. */
const TOKEN_S = 4;
const AFTER_ITS_END_MS = 4_500;
/** More than the buffers of two kernels and the node's window take. */
const FLOOD = { events: 60, bytes: 250_000 };

export const lifeCases: Case[] = [
  {
    name: 'a token that ends while its socket lives ends the socket, and nothing comes after',
    rule: 'Invariant 6',
    steps: [
      topic('a', { events: 1 }),
      ...admitted({ token: { expiresInS: TOKEN_S } }),
      ...follows('a', 1),
      error('reauth_required'),
      closed('refresh the token'),
    ],
  },
  {
    name: 'TOKEN_REFRESH goes on where expiry would have ended',
    rule: 'Frames 9',
    steps: [
      topic('a', { events: 1 }),
      ...admitted({ token: { expiresInS: TOKEN_S } }),
      ...follows('a', 1),
      refresh(),
      welcomed,
      wait(AFTER_ITS_END_MS),
      publish('a', 1),
      updates('a', 2, 2),
    ],
  },
  {
    name: 'what a refreshed token no longer grants ends, the rest stays',
    rule: 'Frames 9',
    steps: [
      topic('a', { events: 1 }),
      topic('b', { events: 1 }),
      ...admitted(),
      ...follows('a', 1),
      ...follows('b', 1),
      refresh({ grants: ['a'] }),
      welcomed,
      topicError('b', 'forbidden_topic', /not granted/),
      publish('b', 1),
      publish('a', 1),
      updates('a', 2, 2),
      quiet(100, 'b'),
    ],
  },
  {
    name: 'TOKEN_REFRESH of another session is unauthorized',
    rule: 'Frames 9',
    steps: [
      ...admitted(),
      refresh({ ofOtherDevice: true }),
      error('unauthorized', /other session/),
      closed('log in'),
    ],
  },
  {
    name: 'TOKEN_REFRESH with a proof by a stranger is unauthorized',
    rule: 'Frames 9',
    steps: [
      ...admitted(),
      refresh({ proof: { signedByStranger: true } }),
      error('unauthorized'),
      closed('log in'),
    ],
  },
  {
    name: 'TOKEN_REFRESH with an expired token asks for a fresh one',
    rule: 'Frames 9',
    steps: [
      ...admitted(),
      refresh({ token: { expiresInS: -60 } }),
      error('token_expired'),
      closed('refresh the token'),
    ],
  },
  {
    name: 'heartbeats come',
    rule: 'Frames 10',
    steps: [...admitted(), heartbeats(2)],
  },
  {
    name: 'a client that says nothing is dropped, and may come again',
    rule: 'Frames 10',
    steps: [...admitted(), hush, closed('resume after')],
  },
  {
    name: 'a line that is cut is taken up on another socket after the last event',
    rule: 'Invariant 2',
    steps: [
      topic('a', { events: 3 }),
      ...admitted(),
      ...follows('a', 3),
      hangUp,
      publish('a', 2),
      ...on(
        'second',
        admitted(),
        subscribe('a', { a: 3 }),
        subscribed('a', 4, 5),
        updates('a', 4, 5),
        caughtUp('a', 5),
      ),
    ],
  },
  {
    name: 'a reader that takes no byte is closed with its positions, the others notice nothing',
    rule: 'Invariant 5',
    steps: [
      topic('a', FLOOD),
      topic('b', { events: 1 }),
      ...admitted(),
      ...follows('b', 1),
      ...on('stuck', admitted(), subscribe('a'), stopReading),
      ...on('healthy', admitted(), follows('a', FLOOD.events)),
      untilStalled,
      publish('b', 1),
      updates('b', 2, 2),
      ...on('stuck', readAgain, errorWithPosition('slow_consumer', 'a'), closed('resume after')),
    ],
  },
  {
    name: 'a reader that rests for a while is not closed for being behind',
    rule: 'Invariant 5',
    steps: [
      topic('a', FLOOD),
      ...admitted(),
      subscribe('a'),
      stopReading,
      wait(300),
      readAgain,
      ...follows('a', FLOOD.events).slice(1),
    ],
  },
  {
    name: 'a client that sends 1,000 frames at once is told to come again later',
    rule: 'Close codes',
    steps: [
      topic('a', { events: 1 }),
      ...admitted(),
      times(1_000, unsubscribe('never:joined:topic')),
      error('rate_limited'),
      closed('resume after'),
    ],
  },
  {
    name: 'a client that names topics without end is told to come again later',
    rule: 'Close codes',
    steps: [
      ...admitted(),
      times(8, unsubscribe(...Array<string>(256).fill('x'))),
      error('rate_limited'),
      closed('resume after'),
    ],
  },
  {
    name: 'a node that is shut down names a time to go, then ends with the positions, and another takes over',
    rule: 'Frames 11',
    needs: 'spareNode',
    steps: [
      topic('a', { events: 3 }),
      onSpareNode,
      ...admitted(),
      ...follows('a', 3),
      drain,
      reconnect,
      ...on(
        'second',
        admitted(),
        subscribe('a', { a: 3 }),
        subscribed('a', 4, 3),
        caughtUp('a', 3),
      ),
      publish('a', 1),
      ...on('second', updates('a', 4, 4)),
      updates('a', 4, 4),
      errorWithPosition('server_draining', 'a'),
      closed('resume after'),
    ],
  },
];
