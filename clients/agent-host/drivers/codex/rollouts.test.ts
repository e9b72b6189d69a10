import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RUN_RETENTION_MS } from '../../retention.ts';
import { scratch, write } from '../../testing/repository.ts';
import { removeOldRollouts } from './rollouts.ts';
import { rememberThread } from './thread-memory.ts';

test('threads that no run remembers are removed when nobody wrote to them for the retention', async () => {
  using home = scratch();
  const codexHome = join(home.path, 'codex');
  const runs = join(home.path, 'runs');
  const now = Date.now();
  const long = new Date(now - RUN_RETENTION_MS - 1_000);
  const old = join(codexHome, 'sessions', '2026', '01', '01');
  const today = join(codexHome, 'sessions', '2026', '01', '02');
  for (const [directory, threadId, touched] of [
    [old, 'forgotten', long],
    [today, 'forgotten-too', long],
    [today, 'remembered', long],
    [today, 'recent', new Date(now)],
  ] as const) {
    const path = join(directory, `rollout-2026-01-01T00-00-00-${threadId}.jsonl`);
    write(path, '{}\n');
    utimesSync(path, touched, touched);
  }
  write(join(runs, 'run_without', 'ready', 'x'), '');
  await rememberThread(join(runs, 'run_1'), {
    agent_thread_id: 'remembered',
    turn: 1,
    request_id: 'req_1',
  });

  expect(await removeOldRollouts(codexHome, runs, now)).toBe(2);
  expect(readdirSync(join(codexHome, 'sessions', '2026', '01'))).toEqual(['02']);
  expect(readdirSync(today).map((name) => name.slice(28))).toEqual([
    'recent.jsonl',
    'remembered.jsonl',
  ]);
});

test('a home in which Codex never ran has nothing to remove', async () => {
  using home = scratch();
  write(join(home.path, 'runs', 'run_1', 'x'), '');
  expect(await removeOldRollouts(join(home.path, 'codex'), join(home.path, 'runs'), 0)).toBe(0);
});
