import { describe, expect, it } from 'vitest';
import { canonicalJson, type JsonObject } from './canonical.ts';
import { hashEvent, hashPayload, ROOT_HASH } from './event-chain.ts';
import { ReplayError, type ReplayEvent, replayReader, writeReplay } from './replay.ts';

const RUN = 'run_01h455vb4pex5vsknk084sn02q';

const LOG: [string, JsonObject][] = [
  ['run.created', { objective_hash: 'sha256:1', work_unit: 'agent_task', thread_id: 'thread_1' }],
  ['run.started', { worker_id: 'w' }],
  ['tool.call', { tool_call_id: 't1', tool_name: 'shell', params_hash: 'p' }],
  ['tool.result', { tool_call_id: 't1', tool_name: 'shell', state: 'succeeded', latency_ms: 12.5 }],
  ['text.delta', { delta: 'hé', ratio: 0.1 }],
  ['verification.finished', { verification_id: 'v', verdict: 'accepted', tier: 'O' }],
  ['later.thing', { unknown: true }],
  ['run.finished', { status: 'succeeded', reason_class: 'completed' }],
];

function eventsOf(log: [string, JsonObject][]): ReplayEvent[] {
  let prev_hash = ROOT_HASH;
  return log.map(([event_type, payload], index) => {
    const payload_hash = hashPayload(payload);
    const seq = BigInt(index + 1);
    prev_hash = hashEvent({ run_id: RUN, seq, event_type, payload_hash, prev_hash });
    const recorded_at_ms = 1_790_000_000_000 + index;
    return {
      seq,
      event_type,
      payload,
      payload_hash,
      event_hash: prev_hash,
      recorded_at_ms,
      sanitized: false,
    };
  });
}

async function linesOf(log = LOG): Promise<string[]> {
  const session = { producer: 'test', run_id: RUN, ended_at_ms: 1_790_000_000_100 };
  const lines: string[] = [];
  for await (const line of writeReplay(session, eventsOf(log))) lines.push(line.trimEnd());
  return lines;
}

function read(lines: readonly string[]): string {
  const reader = replayReader();
  try {
    for (const line of lines) reader.next(line);
    return reader.end().status;
  } catch (error) {
    if (error instanceof ReplayError) return error.message;
    throw error;
  }
}

describe('a replay file', () => {
  it('reads back whole, in order, with the trajectory hash of the run', async () => {
    const lines = await linesOf();
    expect(lines.map((line) => JSON.parse(line).type)).toEqual([
      'ReplayHeader',
      'SessionStart',
      'RuntimeEvent',
      'RuntimeEvent',
      ...['RuntimeEvent', 'ToolCall', 'RuntimeEvent', 'ToolResult'],
      'RuntimeEvent',
      ...['RuntimeEvent', 'Verification'],
      'RuntimeEvent',
      'RuntimeEvent',
      'SessionEnd',
    ]);
    const reader = replayReader();
    for (const line of lines) reader.next(line);
    expect(reader.end()).toMatchObject({
      status: 'success',
      trajectory_hash: eventsOf(LOG).at(-1)?.event_hash,
      totals: { events: 8, tool_calls: 1, tool_results: 1, verifications: 1, payments: 0 },
    });
  });

  it('has the same bytes when it is written again', async () => {
    expect(await linesOf()).toEqual(await linesOf());
  });

  it.each([
    ['succeeded', 'success'],
    ['failed', 'failure'],
    ['canceled', 'cancelled'],
  ])('ends a run that %s as %s', async (status, ending) => {
    const log: [string, JsonObject][] = [...LOG.slice(0, 2), ['run.finished', { status }]];
    expect(read(await linesOf(log))).toBe(ending);
  });

  it('is refused when any single line is dropped, doubled or changed', async () => {
    const lines = await linesOf();
    for (const [index, line] of lines.entries()) {
      const dropped = lines.toSpliced(index, 1);
      const doubled = lines.toSpliced(index, 0, line);
      expect(read(dropped), `without line ${index + 1}`).not.toBe('success');
      expect(read(doubled), `line ${index + 1} twice`).not.toBe('success');
    }
    expect(read(lines.toSpliced(5, 1))).toBe('line 6: the ToolCall of event 3 is missing');
    const changed = (at: number, change: JsonObject) =>
      read(
        lines.with(
          at,
          canonicalJson({ ...JSON.parse(lines[at] ?? ''), ...change }, { floats: true }),
        ),
      );
    expect(changed(0, { replay_version: 2 })).toMatch(/^line 1: version 2/);
    expect(changed(1, { objective_hash: 'sha256:2' })).toMatch(/^line 3: SessionStart/);
    expect(changed(2, { payload: {} })).toMatch(/^line 3: the payload/);
    expect(changed(3, { event_type: 'run.finished' })).toMatch(/^line 4: the chain breaks/);
    expect(changed(5, { tool: 'rm' })).toMatch(/^line 6: this ToolCall/);
    expect(changed(lines.length - 1, { status: 'failure' })).toMatch(/SessionEnd does not sum up/);
  });

  it('is refused where it is cut, and where a line is not canonical', async () => {
    const lines = await linesOf();
    expect(read(lines.slice(0, -1))).toBe('the file ends without SessionEnd');
    expect(read([])).toBe('the file ends without SessionEnd');
    expect(read([` ${lines[0]}`])).toBe('line 1: it is not canonical JSON');
    expect(read(['{}'])).toBe('line 1: it is no line of a replay file');
    expect(read(['not json'])).toBe('line 1: it is not canonical JSON');
    expect(read(['null'])).toBe('line 1: it is no line of a replay file');
    expect(read(['{"type":"toString"}'])).toBe('line 1: it is no line of a replay file');
  });

  it('is not written for a log that is not whole', async () => {
    await expect(linesOf([])).rejects.toThrow('without events');
    await expect(linesOf(LOG.slice(0, -1))).rejects.toThrow('not with run.finished');
    await expect(linesOf(LOG.slice(1))).rejects.toThrow('not with run.created');
  });

  it('needs no memory for a long run', async () => {
    async function* many() {
      let prev_hash = ROOT_HASH;
      const last = 20_000;
      for (let index = 1; index <= last; index += 1) {
        const event_type =
          index === 1 ? 'run.created' : index === last ? 'run.finished' : 'text.delta';
        const payload: JsonObject = index === last ? { status: 'failed' } : { delta: 'x' };
        const payload_hash = hashPayload(payload);
        const seq = BigInt(index);
        prev_hash = hashEvent({ run_id: RUN, seq, event_type, payload_hash, prev_hash });
        yield {
          seq,
          event_type,
          payload,
          payload_hash,
          event_hash: prev_hash,
          recorded_at_ms: index,
          sanitized: false,
        };
      }
    }
    const reader = replayReader();
    const session = { producer: 'test', run_id: RUN, ended_at_ms: 1 };
    for await (const line of writeReplay(session, many())) reader.next(line.trimEnd());
    expect(reader.end().totals.events).toBe(20_000);
  });
});
