import { expect, test } from 'vitest';
import type { ClientState } from '../khala/types.ts';
import { stateTeller } from './khala-state.ts';

function told(steps: [atMs: number, state: ClientState][]): string[] {
  const said: string[] = [];
  let nowMs = 0;
  const tell = stateTeller(
    (text) => said.push(text),
    () => nowMs,
  );
  for (const [atMs, state] of steps) {
    nowMs = atMs;
    tell(state);
  }
  return said;
}

const replaying = (received: bigint): ClientState => ({
  name: 'replaying',
  received,
  total: 9_400n,
});

test('a long replay tells how far it is, once a second', () => {
  const steps: [number, ClientState][] = [
    [0, replaying(0n)],
    [900, replaying(2_900n)],
    [1_000, replaying(3_120n)],
    [1_500, replaying(5_000n)],
    [2_100, replaying(7_001n)],
    [2_200, { name: 'live' }],
  ];
  expect(told(steps)).toEqual(['replaying 3,120 of 9,400', 'replaying 7,001 of 9,400']);
});

test('short replays one after the other say nothing', () => {
  const steps = [0, 800, 1_600, 2_400].flatMap((atMs): [number, ClientState][] => [
    [atMs, replaying(1n)],
    [atMs + 700, { name: 'live' }],
  ]);
  expect(told(steps)).toEqual([]);
});

test('a lost connection says why and when it is tried again', () => {
  const lost: ClientState = { name: 'backoff', delayMs: 1_250, attempt: 1, reason: 'overloaded' };
  expect(told([[0, lost]])).toEqual(['not connected (overloaded); again in 1.3 s']);
});
