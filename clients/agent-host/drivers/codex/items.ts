/**
 * The items of one turn, from notification to event.
 *
 * 1. What was started is finished: items that Codex never completes, as after an interrupt, are closed with the turn.
 * 2. Every text goes to the turn's output whole, and to the log coalesced and capped.
 */
import { hashCanonical } from '#proto/canonical.ts';
import { redactText } from '#proto/redact.ts';
import type { EventInput } from '../../spool.ts';
import { createItemText, type ItemText } from './item-text.ts';
import { ITEMS, type Item } from './protocol.ts';
import { sha256, toolCallOf, toolEndOf } from './tool-events.ts';

export interface ItemsDeps {
  requestId: string;
  turn: number;
  workTree: string;
  emit(event: EventInput): void;
  /** Of the turn's output. */
  onText(text: string): void;
  now(): number;
}

export interface Items {
  started(item: Item): void;
  completed(item: Item): void;
  delta(itemId: string, text: string): void;
  /** The item as it was started; undefined where it never was. */
  find(itemId: string): Item | undefined;
  closeOpen(): void;
}

interface Open {
  item: Item;
  kind: string;
  isTool: boolean;
  startedAtMs: number;
  text: ItemText;
}

/** Shown in the tool result; the whole output lies in its artifact. */
const PREVIEW_CHARACTERS_MAX = 2_048;

const KINDS: Readonly<Record<string, string>> = {
  userMessage: 'user_message',
  agentMessage: 'agent_message',
  reasoning: 'reasoning',
  commandExecution: 'command_execution',
  fileChange: 'file_change',
  mcpToolCall: 'mcp_tool_call',
  webSearch: 'web_search',
  plan: 'todo_list',
};

export function createItems(deps: ItemsDeps): Items {
  const { requestId, turn } = deps;
  const open = new Map<string, Open>();
  const idOf = (itemId: string) => `${requestId}/${itemId}`;
  const emit = (event_type: string, payload: EventInput['payload'], sheddable = false) =>
    deps.emit({ event_type, payload, sheddable });

  function started(item: Item): void {
    if (open.has(item.id)) return;
    const kind = KINDS[item.type] ?? 'other';
    const call = toolCallOf(item, deps.workTree);
    open.set(item.id, {
      item,
      kind,
      isTool: call !== undefined,
      startedAtMs: deps.now(),
      text: createItemText({
        now: deps.now,
        onText: deps.onText,
        onDelta: (delta) => {
          if (call) {
            const payload = { tool_call_id: idOf(item.id), stream: 'stdout', text: delta };
            emit('tool.progress', payload, true);
          } else emit('text.delta', { item_id: idOf(item.id), delta }, true);
        },
      }),
    });
    emit('item.started', { item_id: idOf(item.id), item_kind: kind, turn });
    if (!call) return;
    emit('tool.call', {
      tool_call_id: idOf(item.id),
      tool_name: call.toolName,
      input: call.input,
      params_hash: hashCanonical(call.input, { floats: true }),
    });
  }

  function completed(item: Item): void {
    started(item);
    const found = open.get(item.id);
    if (!found) return;
    const end = toolEndOf(item);
    const said = end ? end.output : saidBy(item);
    if (!found.text.pushedAny && end?.toolName !== 'file_change') found.text.push(said);
    found.text.end();
    open.delete(item.id);
    if (end) {
      emit('tool.result', {
        tool_call_id: idOf(item.id),
        tool_name: end.toolName,
        state: end.state,
        output_hash: sha256(redactText(end.output)),
        latency_ms: Math.max(0, Math.round(end.latencyMs || deps.now() - found.startedAtMs)),
        ...(end.exitCode === undefined ? {} : { exit_code: end.exitCode }),
        side_effects: end.sideEffects,
        output_preview:
          end.toolName === 'file_change'
            ? ''
            : redactText(end.output).slice(-PREVIEW_CHARACTERS_MAX).toWellFormed(),
      });
    }
    finish(found, end && end.state !== 'succeeded' ? 'failed' : 'completed', said);
  }

  function finish(found: Open, status: 'completed' | 'failed' | 'interrupted', said: string): void {
    emit('item.finished', {
      item_id: idOf(found.item.id),
      item_kind: found.kind,
      turn,
      status,
      ...(said ? { text_hash: sha256(redactText(said)) } : {}),
    });
  }

  return {
    started,
    completed,
    delta: (itemId, text) => open.get(itemId)?.text.push(text),
    find: (itemId) => open.get(itemId)?.item,
    closeOpen() {
      for (const [id, found] of open) {
        found.text.end();
        if (found.isTool) {
          emit('tool.result', {
            tool_call_id: idOf(id),
            tool_name: found.kind,
            state: 'canceled',
            output_hash: sha256(''),
            latency_ms: Math.max(0, Math.round(deps.now() - found.startedAtMs)),
            side_effects: [],
            output_preview: '',
          });
        }
        finish(found, 'interrupted', '');
      }
      open.clear();
    },
  };
}

function saidBy(item: Item): string {
  switch (item.type) {
    case 'agentMessage':
      return ITEMS.agentMessage.parse(item).text;
    case 'reasoning':
      return ITEMS.reasoning.parse(item).summary.join('\n');
    default:
      return '';
  }
}
