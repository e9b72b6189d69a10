/** What an agent says and does beside its tool calls, as lines for a person. Pure, but for what it remembers of a run. */
import type { JsonObject, JsonValue } from '#proto/canonical.ts';
import { oneLine, type Paint, printable } from './terminal.ts';

export interface AgentView {
  lines(eventType: string, payload: JsonObject): string[];
  /** What the run used so far; empty where nothing was recorded. */
  usage(): string;
}

const LINE_CHARACTERS_MAX = 200;
const MSATS_PER_SAT = 1_000;

const STEP_MARKS: Readonly<Record<string, string>> = { completed: '✓', in_progress: '▸' };

export function createAgentView(paint: Paint): AgentView {
  const kinds = new Map<string, string>();
  const used = { input: 0, cached: 0, output: 0, msats: 0 };

  function lines(eventType: string, payload: JsonObject): string[] {
    const field = (name: string) => textOf(payload[name]);
    switch (eventType) {
      case 'thread.started':
        return [
          paint('dim', `  ${field('driver')} thread ${field('agent_thread_id')}${how(payload)}`),
        ];
      case 'turn.plan':
        return plan(payload);
      case 'turn.diff':
        return [paint('dim', `  ${field('files_changed')} files changed so far`)];
      case 'item.started':
        kinds.set(field('item_id'), field('item_kind'));
        return [];
      case 'item.finished':
        kinds.delete(field('item_id'));
        return [];
      case 'text.delta':
        return said(field('delta'), kinds.get(field('item_id')) === 'reasoning');
      case 'usage.recorded':
        used.input += Number(field('input_tokens'));
        used.cached += Number(field('cached_input_tokens'));
        used.output += Number(field('output_tokens'));
        used.msats += Number(field('cost_msats'));
        return [];
      case 'agent.error': {
        const again = payload['will_retry'] === true ? ' (it goes on)' : '';
        return [
          paint('yellow', `  agent: ${oneLine(field('message'), LINE_CHARACTERS_MAX)}${again}`),
        ];
      }
      case 'agent.unknown_request':
        return [
          paint('yellow', `  agent asked for ${field('method')}, which this host does not know`),
        ];
      default:
        return [];
    }
  }

  function plan(payload: JsonObject): string[] {
    const steps = Array.isArray(payload['steps']) ? payload['steps'] : [];
    const why = textOf(payload['explanation']);
    return [
      `  plan${why ? `: ${oneLine(why, LINE_CHARACTERS_MAX)}` : ''}`,
      ...steps.map((step) => {
        const { step: words, status } = isObject(step) ? step : {};
        const mark = STEP_MARKS[textOf(status)] ?? '·';
        return paint('dim', `  ${mark} ${oneLine(textOf(words), LINE_CHARACTERS_MAX)}`);
      }),
    ];
  }

  function said(delta: string, quietly: boolean): string[] {
    return delta
      .replace(/\n$/, '')
      .split(/\r?\n/)
      .map((line) => `  » ${printable(line).slice(0, LINE_CHARACTERS_MAX)}`)
      .map((line) => (quietly ? paint('dim', line) : line));
  }

  return {
    lines,
    usage() {
      if (used.input + used.output === 0) return '';
      const cost = used.msats > 0 ? `, ${(used.msats / MSATS_PER_SAT).toFixed(3)} sat` : '';
      return `${used.input} tokens in (${used.cached} cached), ${used.output} out${cost}`;
    },
  };
}

/** The files of a change, as a tool call names them. */
export function changedFiles(input: JsonObject): string {
  const changes = Array.isArray(input['changes']) ? input['changes'] : [];
  return changes
    .map((change) =>
      isObject(change) ? `${textOf(change['kind'])} ${textOf(change['path'])}` : '',
    )
    .join(', ');
}

function how(payload: JsonObject): string {
  if (payload['resumed'] === true) return ', resumed';
  const forked = textOf(payload['forked_from']);
  return forked ? `, forked from ${forked}` : '';
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
