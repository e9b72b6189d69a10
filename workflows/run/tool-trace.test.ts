import { expect, test } from 'vitest';
import type { JsonObject } from '#proto/canonical.ts';
import { loopEvent, observationsOf } from './tool-trace.ts';

const observed = (event_type: string, payload: JsonObject) =>
  observationsOf({ seq: 7, event_type, payload });

const call = (tool_name: string, input: JsonObject = {}, more: JsonObject = {}) => {
  const [observation] = observed('tool.call', { tool_call_id: 'c', tool_name, input, ...more });
  if (observation?.kind !== 'call_began') throw new Error('a call begins');
  return observation;
};

test('a call is its tool and the hash of its parameters, whoever hashed them', () => {
  expect(call('read', {}, { params_hash: 'sha256:1' }).key).toBe('read sha256:1');
  expect(call('read', { path: 'a', line: 1.5 }).key).toBe(
    call('read', { line: 1.5, path: 'a' }).key,
  );
  expect(call('read', { path: 'a' }).key).not.toBe(call('read', { path: 'b' }).key);
  expect(call('read', { path: 'a' }).key).not.toBe(call('write', { path: 'a' }).key);
});

test.each([
  ['process_poll', {}],
  ['waitForJob', {}],
  ['sleep', {}],
  ['mcp_tool_call', { server: 'ci', tool: 'get_build_status' }],
  ['command', { command: ['sleep', '5'] }],
  ['command', { command: ['bash', '-lc', 'sleep 5 && curl localhost'] }],
  ['command_execution', { command: ["/bin/bash -lc 'sleep 5; tail log'"] }],
  ['command_execution', { command: 'sleep 1' }],
])('%s %j polls', (tool, input) => {
  expect(call(tool, input).polls).toBe(true);
});

test.each([
  ['await_nothing', {}],
  ['waiter', {}],
  ['command', { command: ['npm', 'test', 'sleep'] }],
  ['command_execution', { command: ["/bin/bash -lc 'npm test && sleep 1'"] }],
  ['command_execution', { command: ['sleepy.sh'] }],
])('%s %j does not poll', (tool, input) => {
  expect(call(tool, input).polls).toBe(false);
});

test('a result without a hash is compared by what is shown of it', () => {
  const outcome = (payload: JsonObject) => observed('tool.result', payload)[0];
  expect(outcome({ output_preview: 'a' })).toEqual(outcome({ output_preview: 'a' }));
  expect(outcome({ output_preview: 'a' })).not.toEqual(outcome({ output_preview: 'b' }));
});

test('an edit is a change where it succeeded, an artifact where it is the patch', () => {
  const edit = (state: string) => observed('tool.result', { tool_name: 'file_change', state });
  expect(edit('succeeded').map(({ kind }) => kind)).toEqual(['call_ended', 'file_changed']);
  expect(edit('failed').map(({ kind }) => kind)).toEqual(['call_ended']);
  const stored = (kind: string) => observed('artifact.stored', { artifact: { kind, sha256: 'x' } });
  expect(stored('patch')).toMatchObject([{ kind: 'file_changed', source: 'patch', content: 'x' }]);
  expect(stored('output')).toEqual([]);
});

test('what was said of a loop is read as it was said', () => {
  const finding = {
    detector: 'ping_pong',
    level: 'warning',
    tool: 'read',
    calls: 10,
    since_seq: 42,
    message: 'two calls in turn',
  } as const;
  const { event_type, payload } = loopEvent(finding);
  expect(observed(event_type, payload)).toEqual([{ kind: 'warned', seq: 7, since_seq: 42 }]);
  const critical = loopEvent({ ...finding, level: 'critical' });
  expect(observed(critical.event_type, critical.payload)).toEqual([]);
});

test('whatever a host sends is read, and kept short', () => {
  const long = 'x'.repeat(10_000);
  const nonsense: JsonObject = { tool_call_id: { a: 1 }, tool_name: 7, input: null };
  expect(observed('tool.call', nonsense)).toMatchObject([{ call_id: '', tool: '7' }]);
  expect(observed('tool.result', {})).toMatchObject([{ kind: 'call_ended' }]);
  expect(observed('turn.diff', { diff: 'no artifact' })).toEqual([]);
  const kept = JSON.stringify(call(long, {}, { params_hash: long, tool_call_id: long }));
  expect(kept.length).toBeLessThan(1_000);
});
