import { expect, it } from 'vitest';
import { readMessage } from './read.ts';
import { readWorkerEvent } from './worker-event.ts';

it('a request is read with its deadline, whether it came as a number or as text', () => {
  const request = {
    request_id: 'req_1',
    method: 'turn/start',
    turn: 2,
    params: { objective: 'x' },
  };
  for (const deadline_at_ms of [1_790_000_000_000, '1790000000000']) {
    expect(readWorkerEvent('worker.request', { ...request, deadline_at_ms })).toEqual({
      event_type: 'worker.request',
      payload: { ...request, run_id: '', thread_id: '', deadline_at_ms: '1790000000000' },
    });
  }
});

it('the params of a turn are read as the run was specified', () => {
  const params = readMessage('openagents.codex.v1.TurnStartParams', {
    objective: 'x',
    work_unit: 'agent_task',
    repo: null,
    agent: { driver: 'command', command: ['true'] },
    limits: { wall_s_max: 60, turns_max: 1, output_bytes_max: '1024' },
    output_bytes_max: 1024,
    turn: 1,
    recovery: 0,
  });
  expect(params).toMatchObject({ output_bytes_max: '1024', feedback: '', turn: 1 });
  expect(params).not.toHaveProperty('repo');
});

it('an event of the future stays whole', () => {
  const body = { kind: 'later' };
  expect(readWorkerEvent('worker.dreaming', body)).toEqual({ event_type: 'unknown', body });
});
