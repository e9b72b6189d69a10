/** An item that is a tool call, as the run's log names it: pure. */
import { createHash } from 'node:crypto';
import { isAbsolute, relative } from 'node:path';
import { hashCanonical, type JsonValue } from '#proto/canonical.ts';
import type { JsonObject } from '#proto/gen/types.ts';
import { redactJson, redactText } from '#proto/redact.ts';
import { type FileChange, ITEMS, type Item } from './protocol.ts';

export interface ToolCall {
  toolName: string;
  input: JsonObject;
}

export interface ToolEnd {
  toolName: string;
  state: 'succeeded' | 'failed' | 'canceled';
  /** What came out, whole. */
  output: string;
  exitCode: number | undefined;
  latencyMs: number;
  sideEffects: string[];
}

/** Paths of one file change that an event lists; the patch of the turn has them all. */
const CHANGES_MAX = 100;
const COMMAND_CHARACTERS_MAX = 16_384;
/** The arguments of a call beyond this are named by their hash. */
const ARGUMENTS_BYTES_MAX = 16_384;

/** Undefined where the item is no tool call. */
export function toolCallOf(item: Item, workTree: string): ToolCall | undefined {
  switch (item.type) {
    case 'commandExecution': {
      const { command, cwd } = ITEMS.commandExecution.parse(item);
      return {
        toolName: 'command_execution',
        input: { command: [shortened(command)], cwd: within(workTree, cwd) },
      };
    }
    case 'fileChange': {
      const { changes } = ITEMS.fileChange.parse(item);
      return { toolName: 'file_change', input: describeChanges(changes, workTree) };
    }
    case 'mcpToolCall': {
      const call = ITEMS.mcpToolCall.parse(item);
      return {
        toolName: 'mcp_tool_call',
        input: {
          server: call.server,
          tool: call.tool,
          arguments: bounded(call.arguments ?? null),
        },
      };
    }
    case 'webSearch': {
      const { query } = ITEMS.webSearch.parse(item);
      return { toolName: 'web_search', input: { query: shortened(query) } };
    }
    default:
      return undefined;
  }
}

/** How a tool call ended; undefined where the item is none. */
export function toolEndOf(item: Item): ToolEnd | undefined {
  switch (item.type) {
    case 'commandExecution': {
      const done = ITEMS.commandExecution.parse(item);
      return {
        toolName: 'command_execution',
        state: stateOf(done.status),
        output: done.aggregatedOutput ?? '',
        exitCode: done.exitCode ?? undefined,
        latencyMs: done.durationMs ?? 0,
        sideEffects: ['workspace_write'],
      };
    }
    case 'fileChange': {
      const { status, changes } = ITEMS.fileChange.parse(item);
      return {
        toolName: 'file_change',
        state: stateOf(status),
        // What changed is the outcome: the same patch twice is no progress.
        output: changes.map(({ path, diff }) => `${path}\n${diff}`).join('\n'),
        exitCode: undefined,
        latencyMs: 0,
        sideEffects: ['workspace_write'],
      };
    }
    case 'mcpToolCall': {
      const done = ITEMS.mcpToolCall.parse(item);
      return {
        toolName: 'mcp_tool_call',
        state: stateOf(done.status),
        output: done.error?.message ?? JSON.stringify(done.result ?? null),
        exitCode: undefined,
        latencyMs: done.durationMs ?? 0,
        sideEffects: ['mcp_server'],
      };
    }
    case 'webSearch':
      return {
        toolName: 'web_search',
        state: 'succeeded',
        output: '',
        exitCode: undefined,
        latencyMs: 0,
        sideEffects: ['network'],
      };
    default:
      return undefined;
  }
}

export function describeChanges(changes: readonly FileChange[], workTree: string): JsonObject {
  const listed = changes.slice(0, CHANGES_MAX).map(({ path, kind, diff }) => ({
    path: within(workTree, path).toWellFormed(),
    kind: kind.type,
    diff_hash: sha256(diff),
  }));
  const left = changes.length - listed.length;
  return { changes: listed, ...(left > 0 ? { changes_not_listed: left } : {}) };
}

export function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** A path as seen from the work tree, where it lies in it. */
export function within(workTree: string, path: string): string {
  const way = isAbsolute(path) ? relative(workTree, path) : path;
  if (way === '') return '.';
  return way.startsWith('..') ? path : way;
}

function shortened(text: string): string {
  return redactText(text).slice(0, COMMAND_CHARACTERS_MAX).toWellFormed();
}

function bounded(value: JsonValue): JsonValue {
  if (Buffer.byteLength(JSON.stringify(value)) <= ARGUMENTS_BYTES_MAX) {
    return redactJson(value).value;
  }
  return { arguments_hash: hashCanonical(value, { floats: true }) };
}

function stateOf(status: string): ToolEnd['state'] {
  switch (status) {
    case 'completed':
      return 'succeeded';
    case 'declined':
      return 'canceled';
    default:
      return 'failed';
  }
}
