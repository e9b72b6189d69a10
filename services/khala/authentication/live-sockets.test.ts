import { describe, expect, test } from 'vitest';
import { SOCKETS_PER_TOKEN_MAX } from '../limits.ts';
import { createLiveSockets } from './live-sockets.ts';

function sockets(socketsPerUserMax: number) {
  return createLiveSockets({ socketsPerUserMax, clock: () => 0 });
}

describe('a token', () => {
  test('holds four sockets, and a refresh takes its own along', () => {
    const live = sockets(100);
    const [old, renewed] = [
      { userId: 'u', jti: 'old' },
      { userId: 'u', jti: 'new' },
    ];
    for (let at = 0; at < SOCKETS_PER_TOKEN_MAX; at += 1) live.hold(old, `c${at}`);
    expect(() => live.hold(old, 'one-more')).toThrow('too many sockets of one token');
    live.hold(renewed, 'c0');
    live.hold(old, 'one-more');
    expect(() => live.hold(old, 'c0')).toThrow('too many sockets of one token');
    for (const id of ['d1', 'd2', 'd3']) live.hold(renewed, id);
    expect(() => live.hold(renewed, 'c1')).toThrow('too many sockets of one token');
    live.release('c0');
    live.hold(renewed, 'c1');
  });
});

describe('a user', () => {
  test('holds so many sockets by whatever tokens, and a refresh is not one more', () => {
    const live = sockets(3);
    for (const id of ['a', 'b', 'c']) live.hold({ userId: 'u', jti: id }, id);
    expect(() => live.hold({ userId: 'u', jti: 'd' }, 'd')).toThrow('too many sockets of one user');
    live.hold({ userId: 'u', jti: 'a2' }, 'a');
    live.hold({ userId: 'other', jti: 'd' }, 'd');
  });

  test('who comes and goes without end is told when to come again', () => {
    const live = sockets(3);
    const come = () => {
      live.hold({ userId: 'u', jti: 'j' }, 'c');
      live.release('c');
    };
    for (let time = 0; time < 3; time += 1) come();
    expect(come).toThrow(expect.objectContaining({ code: 'rate_limited', retryAfterMs: 20 }));
  });
});
