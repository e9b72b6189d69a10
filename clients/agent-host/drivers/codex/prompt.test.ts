import { expect, test } from 'vitest';
import { turnOf } from '../../testing/turns.ts';
import { promptOf } from './prompt.ts';

const texts = (...args: Parameters<typeof promptOf>) => promptOf(...args).map(({ text }) => text);

test('a new thread is told the objective, and that there is earlier work', () => {
  expect(texts(turnOf([]), 'new')).toEqual(['make it so']);
  expect(texts(turnOf([], { previousPatch: 'sha256:x' }), 'new')[1]).toContain('Go on from it');
});

test('a known thread is told only what is new, word for word', () => {
  const messages = [
    { messageId: 'a', text: 'first' },
    { messageId: 'b', text: 'second' },
  ];
  const told = texts(turnOf([], { feedback: 'not ok 1', messages }), 'known');
  expect(told[0]).toContain('not ok 1');
  expect(told.slice(1)).toEqual(['first', 'second']);
});

test('a recovered thread is told that its files are as they were', () => {
  expect(texts(turnOf([]), 'recovered')[0]).toContain('as they were when the turn began');
});

test('a turn is never begun with nothing', () => {
  expect(texts(turnOf([]), 'known')).toEqual(['make it so']);
});
