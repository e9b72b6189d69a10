import { describe, expect, it } from 'vitest';
import { isKnownEventType, readRunEvent } from './run-event.ts';

describe('events of a run', () => {
  it('read as their type, zero values filled in', () => {
    expect(readRunEvent('run.phase_changed', { phase: 'verifying' })).toEqual({
      event_type: 'run.phase_changed',
      payload: { phase: 'verifying', detail: '' },
    });
    expect(isKnownEventType('run.executor_lost')).toBe(true);
    expect(isKnownEventType('run_executor.lost')).toBe(false);
    expect(isKnownEventType('unknown')).toBe(false);
  });

  it('stay whole where this build does not know them or cannot read them', () => {
    const body = { new_field: [1, { deep: true }] };
    expect(readRunEvent('later.thing', body)).toEqual({ event_type: 'unknown', body });
    expect(readRunEvent('text.delta', { delta: 5 })).toEqual({
      event_type: 'unknown',
      body: { delta: 5 },
    });
  });

  it('read with fields that came later', () => {
    const event = readRunEvent('text.delta', { item_id: 'a', delta: 'b', later: 1 });
    expect(event).toEqual({ event_type: 'text.delta', payload: { item_id: 'a', delta: 'b' } });
  });
});
