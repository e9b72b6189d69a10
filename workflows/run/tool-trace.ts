/** What a run's events say about its tool calls, for `loop-detection.ts`, and what is said of a loop in turn. */
import { hashCanonical, type JsonObject, type JsonValue } from '#proto/canonical.ts';
import type { ReasonCode } from '#proto/gen/types.ts';
import type { FileSource, LoopFinding, LoopObservation } from './loop-detection.ts';

export interface TracedEvent {
  seq: number;
  event_type: string;
  payload: JsonObject;
}

/** The event types that `observationsOf` reads. */
export const TRACED_EVENT_TYPES: readonly string[] = [
  'tool.call',
  'tool.result',
  'turn.diff',
  'artifact.stored',
  'run.loop_detected',
];

/** Empty where the event says nothing about calls. */
export function observationsOf({ seq, event_type, payload }: TracedEvent): LoopObservation[] {
  const field = (name: string) => textOf(payload[name]);
  switch (event_type) {
    case 'tool.call': {
      const tool = bounded(field('tool_name'));
      const params = field('params_hash') || hashOf(payload['input']);
      const key = `${tool} ${bounded(params)}`;
      const polls = isPoll(tool, payload['input']);
      return [
        { kind: 'call_began', seq, call_id: bounded(field('tool_call_id')), tool, key, polls },
      ];
    }
    case 'tool.result': {
      const outcome = bounded(field('output_hash') || hashOf(payload['output_preview']));
      const isEdit = field('tool_name') === FILE_CHANGE_TOOL && field('state') === 'succeeded';
      return [
        { kind: 'call_ended', seq, call_id: bounded(field('tool_call_id')), outcome },
        ...(isEdit ? [{ kind: 'file_changed', seq, source: null } as const] : []),
      ];
    }
    case 'turn.diff':
      return changed(seq, 'diff', payload['diff']);
    case 'artifact.stored': {
      const stored = payload['artifact'];
      return textOf(memberOf(stored, 'kind')) === 'patch' ? changed(seq, 'patch', stored) : [];
    }
    case 'run.loop_detected':
      return field('level') === 'warning'
        ? [{ kind: 'warned', seq, since_seq: Number(field('since_seq')) || 0 }]
        : [];
    default:
      return [];
  }
}

const NO_PROGRESS: ReasonCode = 'loop_detected.no_progress';

/** A streak is warned about once, whoever counts it; what ends the run is said once. */
export function loopEvent(finding: LoopFinding) {
  const { detector, level, message, tool, calls, since_seq } = finding;
  return {
    event_type: 'run.loop_detected',
    idempotency_key: level === 'critical' ? 'loop:critical' : `loop:warning:${since_seq}`,
    payload: {
      detector,
      level,
      reason_code: NO_PROGRESS,
      message,
      tool_name: tool,
      calls,
      since_seq: String(since_seq),
    },
  };
}

/** The name under which drivers report edits that the agent made by its own tool for them. */
const FILE_CHANGE_TOOL = 'file_change';

function changed(
  seq: number,
  source: FileSource,
  artifact: JsonValue | undefined,
): LoopObservation[] {
  const content = textOf(memberOf(artifact, 'sha256'));
  return content === '' ? [] : [{ kind: 'file_changed', seq, source, content: bounded(content) }];
}

/** Tools whose name says that they ask again until something is ready. */
const POLLING_WORDS = new Set(['poll', 'wait', 'watch', 'status', 'sleep']);

function isPoll(tool: string, input: JsonValue | undefined): boolean {
  // A call of an MCP server names its tool in its input.
  const names = [tool, textOf(memberOf(input, 'tool'))];
  const words = names.flatMap((name) => name.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/));
  return (
    words.some((word) => POLLING_WORDS.has(word.toLowerCase())) ||
    sleepsFirst(memberOf(input, 'command'))
  );
}

/** A command that begins by waiting, such as `sleep 5 && curl …`, also as what a shell is given with `-c`. */
const SLEEPS = /^(\S*sh\s+-l?c\s+)?['"]?\s*sleep\b/;

function sleepsFirst(command: JsonValue | undefined): boolean {
  const words = Array.isArray(command) ? command.map(textOf) : [textOf(command)];
  const isShell = /sh$/.test(words[0] ?? '') && /^-l?c$/.test(words[1] ?? '');
  return SLEEPS.test(words[isShell ? 2 : 0] ?? '');
}

/** What a host sends is bounded by its event alone; a name or a hash is far shorter, and memory holds many of them. */
const TEXT_LENGTH_MAX = 200;

function bounded(text: string): string {
  return text.length <= TEXT_LENGTH_MAX ? text : hashOf(text);
}

function hashOf(value: JsonValue | undefined): string {
  return hashCanonical(value ?? null, { floats: true });
}

function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? value[name]
    : undefined;
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
