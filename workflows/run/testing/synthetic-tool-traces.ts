/** Synthetic traces of tool calls: written for the tests, as no agent was seen to do them. */
import type { TracedEvent } from '../tool-trace.ts';

export interface SyntheticCall {
  tool: string;
  params: string;
  outcome: string;
}

/** The events of calls made one after the other, as drivers journal them. */
export function traceOf(calls: readonly SyntheticCall[], firstSeq = 1): TracedEvent[] {
  return calls.flatMap(({ tool, params, outcome }, index) => {
    const seq = firstSeq + 2 * index;
    const call = { tool_call_id: `call/${seq}`, tool_name: tool };
    return [
      { seq, event_type: 'tool.call', payload: { ...call, params_hash: params } },
      {
        seq: seq + 1,
        event_type: 'tool.result',
        payload: { ...call, state: 'succeeded', output_hash: outcome },
      },
    ];
  });
}

/** An edit by the agent's own tool for edits. */
export function syntheticEdit(seq: number): TracedEvent[] {
  return traceOf([{ tool: 'file_change', params: `edit/${seq}`, outcome: 'edited' }], seq);
}

/** The same call, again and again, with the same result. */
export function repeating(calls: number, tool = 'command_execution'): SyntheticCall[] {
  return Array.from({ length: calls }, () => ({ tool, params: 'make', outcome: 'error 1' }));
}

/** Two calls in turn, neither of which has another result. */
export function alternating(calls: number): SyntheticCall[] {
  return Array.from({ length: calls }, (_, index) =>
    index % 2 === 0
      ? { tool: 'read', params: 'a.ts', outcome: 'text of a' }
      : { tool: 'read', params: 'b.ts', outcome: 'text of b' },
  );
}

/** A circle of some calls, each with its own unchanging result: no pair alternates, and none repeats often. */
export function circling(calls: number, length: number): SyntheticCall[] {
  return Array.from({ length: calls }, (_, index) => ({
    tool: 'read',
    params: `file ${index % length}`,
    outcome: `text ${index % length}`,
  }));
}

/** An agent that reads, edits and tests, and learns something each time. */
export function working(calls: number): SyntheticCall[] {
  return Array.from({ length: calls }, (_, index) => ({
    tool: 'command_execution',
    params: index % 3 === 0 ? 'npm test' : `sed -n ${index}p`,
    outcome: `output ${index}`,
  }));
}
