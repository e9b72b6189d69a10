import { expect, test } from 'vitest';
import { createAgentView } from './agent-view.ts';

const plain = createAgentView((_, text) => text);

test('a plan shows what is done, what is under way and what is to come', () => {
  const steps = [
    { step: 'look', status: 'completed' },
    { step: 'repair', status: 'in_progress' },
    { step: 'test', status: 'pending' },
  ];
  expect(plain.lines('turn.plan', { turn: 1, explanation: 'why', steps })).toEqual([
    '  plan: why',
    '  ✓ look',
    '  ▸ repair',
    '  · test',
  ]);
});

test('what the agent says is shown without its control characters', () => {
  plain.lines('item.started', { item_id: 'a', item_kind: 'agent_message' });
  expect(plain.lines('text.delta', { item_id: 'a', delta: 'one\ntwo\u001b[2J\n' })).toEqual([
    '  » one',
    expect.not.stringContaining('\u001b'),
  ]);
});

test('usage adds up, and a cost is named only where one was recorded', () => {
  const view = createAgentView((_, text) => text);
  expect(view.usage()).toBe('');
  const used = { input_tokens: '100', cached_input_tokens: '40', output_tokens: '20' };
  view.lines('usage.recorded', { ...used, cost_msats: '0' });
  expect(view.usage()).toBe('100 tokens in (40 cached), 20 out');
  view.lines('usage.recorded', { ...used, cost_msats: '1500' });
  expect(view.usage()).toBe('200 tokens in (80 cached), 40 out, 1.500 sat');
});

test('a thread that was resumed or forked says so', () => {
  const thread = { driver: 'codex', agent_thread_id: 't1' };
  expect(plain.lines('thread.started', { ...thread, resumed: true })[0]).toContain('t1, resumed');
  expect(plain.lines('thread.started', { ...thread, forked_from: 't0' })[0]).toContain(
    'forked from t0',
  );
});
