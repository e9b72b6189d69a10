/** A run as lines for a person. Pure: the same events give the same lines. */
import type { JsonObject, JsonValue } from '#proto/canonical.ts';
import { changedFiles, createAgentView } from './agent-view.ts';
import { oneLine, type Paint, printable } from './terminal.ts';

export interface ViewedEvent {
  seq: bigint;
  eventType: string;
  payload: JsonValue;
}

export interface RunViewOptions {
  paint: Paint;
  /** Lines of output shown per progress event; the rest is in the output artifact. */
  outputLinesMax?: number;
}

const OUTPUT_LINES_MAX = 40;
const LINE_CHARACTERS_MAX = 200;

export interface RunView {
  /** The lines an event adds. */
  lines(event: ViewedEvent): string[];
}

export function createRunView({
  paint,
  outputLinesMax = OUTPUT_LINES_MAX,
}: RunViewOptions): RunView {
  let phase = '';
  const agent = createAgentView(paint);

  function phaseLine(next: string, detail = ''): string[] {
    if (next === phase) return [];
    phase = next;
    return [
      `${paint('bold', paint('cyan', `● ${next}`))}${detail ? paint('dim', `  ${detail}`) : ''}`,
    ];
  }

  function lines({ eventType, payload }: ViewedEvent): string[] {
    const field = (name: string) => text(payload, name);
    switch (eventType) {
      case 'run.created':
        return phaseLine('created');
      case 'run.started':
        return [...phaseLine('running'), note(`worker ${field('worker_id')}`)];
      case 'run.phase_changed':
        return phaseLine(field('phase'), field('detail'));
      case 'policy.decided':
        return field('decision') === 'allow'
          ? []
          : [paint('yellow', `  policy ${field('decision')}: ${field('reason_code')}`)];
      case 'turn.started':
        return [note(`turn ${field('turn')}`)];
      case 'turn.finished':
        return [
          note(`turn ${field('turn')} ${field('status')}${because(field('reason'))}`),
          ...(agent.usage() ? [note(`used ${agent.usage()}`)] : []),
        ];
      case 'tool.call':
        return toolCall(payload);
      case 'tool.progress':
        return output(field('text'));
      case 'tool.result':
        return [toolResult(payload)];
      case 'artifact.stored':
        return artifact(payload);
      case 'workspace.noted':
        return texts(payload, 'notes').map((words) =>
          paint('yellow', `  ${oneLine(words, LINE_CHARACTERS_MAX)}`),
        );
      case 'run.executor_lost':
        return [
          paint('yellow', `  worker ${field('worker_id')} was lost${because(field('reason'))}`),
        ];
      case 'run.terminated_externally':
        return [
          paint(
            'yellow',
            `  its history in Temporal was ${field('workflow_status')}, the run is ${field('decision')}${because(field('reason'))}`,
          ),
        ];
      case 'run.cancel_requested':
        return [paint('yellow', `  cancel requested${because(field('reason'))}`)];
      case 'run.loop_detected':
        return [loop(payload)];
      case 'approval.requested':
        return [
          paint(
            'yellow',
            `  waits for approval ${field('approval_id')}: ${oneLine(field('subject'), LINE_CHARACTERS_MAX)}`,
          ),
        ];
      case 'approval.resolved':
        return [
          note(
            `approval ${field('approval_id')}: ${field('decision')} by ${field('resolved_by')}${because(field('subject'))}`,
          ),
        ];
      case 'approval.superseded':
        return [note(`approval ${field('approval_id')} lost its point${because(field('reason'))}`)];
      case 'message.queued':
        return [
          note(`message ${field('message_id')} waits for the next turn${because(field('reason'))}`),
        ];
      case 'message.delivered':
        return [note(`message ${field('message_id')} into turn ${field('turn')}`)];
      case 'turn.interrupt_requested':
        return [
          paint('yellow', `  turn ${field('turn')} is asked to stop${because(field('reason'))}`),
        ];
      case 'verification.started':
        // The harness shows nothing of its own until it has ended.
        return [
          note(`verification tier ${field('tier')}, attempt ${field('attempt')}: the harness runs`),
        ];
      case 'verification.finished':
        return [verdict(payload)];
      case 'run.finished':
        return [finished(payload)];
      default:
        return agent.lines(eventType, object(payload, ''));
    }
  }

  function note(words: string): string {
    return paint('dim', `  ${words}`);
  }

  function toolCall(payload: JsonValue): string[] {
    const input = object(payload, 'input');
    const command = Array.isArray(input['command'])
      ? input['command'].join(' ')
      : changedFiles(input);
    const sandbox = object(input, 'sandbox');
    const line = `  ${paint('bold', '$')} ${oneLine(command || text(payload, 'tool_name'), LINE_CHARACTERS_MAX)}`;
    return sandbox['tool'] === 'none'
      ? [line, paint('yellow', `  unsandboxed: ${text(sandbox, 'unsandboxed_because')}`)]
      : [line];
  }

  function output(chunk: string): string[] {
    const all = chunk.replace(/\n$/, '').split(/\r?\n/);
    const shown = all.slice(-outputLinesMax);
    const skipped = all.length - shown.length;
    return [
      ...(skipped > 0 ? [note(`… ${skipped} lines`)] : []),
      ...shown.map((line) =>
        paint(
          'dim',
          `  │ ${printable(line.replaceAll('\t', '    ')).slice(0, LINE_CHARACTERS_MAX)}`,
        ),
      ),
    ];
  }

  function toolResult(payload: JsonValue): string {
    const state = text(payload, 'state');
    const took = seconds(Number(text(payload, 'latency_ms')));
    const exitCode = text(payload, 'exit_code');
    const words = `  ${state === 'succeeded' ? '✓' : '✗'} ${text(payload, 'tool_name')} ${state}${exitCode && `, exit code ${exitCode}`}, ${took}`;
    return paint(state === 'succeeded' ? 'green' : 'red', words);
  }

  function artifact(payload: JsonValue): string[] {
    const stored = object(payload, 'artifact');
    if (stored['kind'] !== 'patch') return [];
    const suspects = object(payload, '')['suspected_secrets'];
    return [
      note(`patch of ${text(stored, 'bytes')} bytes`),
      ...(Array.isArray(suspects) && suspects.length > 0
        ? [paint('yellow', `  the patch seems to add a secret in ${suspects.join(', ')}`)]
        : []),
    ];
  }

  function verdict(payload: JsonValue): string {
    const accepted = text(payload, 'verdict') === 'accepted';
    const strength = text(payload, 'strength');
    const sandboxed = object(payload, '')['sandboxed'] === true;
    const words = `  ${accepted ? '✓' : '✗'} verdict: ${text(payload, 'verdict')}, tier ${text(payload, 'tier')}${strength ? `, ${strength}` : ''}${sandboxed ? '' : ', unsandboxed'}`;
    return paint(accepted ? 'green' : 'red', words);
  }

  function loop(payload: JsonValue): string {
    const message = oneLine(text(payload, 'message'), LINE_CHARACTERS_MAX);
    return text(payload, 'level') === 'critical'
      ? paint('red', `  the agent turns in a circle and is stopped: ${message}`)
      : paint('yellow', `  the agent may be turning in a circle: ${message}`);
  }

  function finished(payload: JsonValue): string {
    const status = text(payload, 'status');
    const reasonClass = text(payload, 'reason_class');
    const as = reasonClass === 'loop_detected' ? ` as ${reasonClass}` : '';
    const words = `● ${status}${as}${because(text(payload, 'reason') || reasonClass)}`;
    return paint('bold', paint(status === 'succeeded' ? 'green' : 'red', words));
  }

  return { lines };
}

function because(reason: string): string {
  return reason ? `: ${oneLine(reason, LINE_CHARACTERS_MAX)}` : '';
}

export function seconds(ms: number): string {
  if (!Number.isFinite(ms)) return '?';
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** A field of any scalar type as text; the payload itself where the name is empty. */
function text(value: JsonValue, name: string): string {
  const field = object(value, '')[name];
  return typeof field === 'string' || typeof field === 'number' ? String(field) : '';
}

function texts(value: JsonValue, name: string): string[] {
  const list = object({ value }, 'value')[name];
  return Array.isArray(list) ? list.map(String) : [];
}

function object(value: JsonValue, name: string): JsonObject {
  const found = name === '' ? value : object(value, '')[name];
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? found : {};
}
