/**
 * A model that says what a script says: a server of the Responses API, with its stream of server-sent events. The real
 * Codex binary talks to it, so that everything but the model is real.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What the model does in one answer. */
export type ModelItem =
  | { say: string }
  | { call: string; arguments: Record<string, unknown> }
  /** A tool that takes a text, as `apply_patch` does. */
  | { custom: string; input: string }
  | { refuse: string };

export interface ModelReply {
  items: readonly ModelItem[];
  /** Before the answer begins. */
  waitMs?: number;
  /** Between two pieces of a text. */
  pieceMs?: number;
  /** An answer that goes wrong: another status, no events at all, or a stream that ends after the items. */
  fault?: { status: number; message: string } | 'garbage' | 'cut' | 'silence';
}

export interface ModelRequest {
  /** How many requests of this thread came before. */
  index: number;
  /** Codex’s name of the thread. */
  threadId: string;
  /** What the model is shown, newest last. */
  input: readonly Record<string, unknown>[];
  /** Names of the tools that are offered. */
  tools: readonly string[];
  authorization: string;
}

export type ModelScript = (request: ModelRequest) => ModelReply | Promise<ModelReply>;

export interface ScriptedModel {
  /** For `base_url`. */
  url: string;
  readonly requests: readonly ModelRequest[];
  close(): Promise<void>;
}

/** Of every answer, so that sums are easy to check. */
export const REPLY_USAGE = { input: 100, cached: 40, output: 20, reasoning: 5 } as const;

/** One answer after the other; the last one again when there are no more. */
export function inOrder(...replies: readonly (ModelReply | readonly ModelItem[])[]): ModelScript {
  return ({ index }) => {
    const reply = replies[Math.min(index, replies.length - 1)] ?? [];
    return 'items' in reply ? reply : { items: reply };
  };
}

export async function startScriptedModel(script: ModelScript, port = 0): Promise<ScriptedModel> {
  const requests: ModelRequest[] = [];
  const seen = new Map<string, number>();
  let responses = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST' || !request.url?.endsWith('/responses')) {
      response.writeHead(404).end();
      return;
    }
    const body = await readJson(request);
    const threadId = String(body['prompt_cache_key'] ?? '');
    const index = seen.get(threadId) ?? 0;
    seen.set(threadId, index + 1);
    const described: ModelRequest = {
      index,
      threadId,
      input: recordsOf(body['input']),
      tools: recordsOf(body['tools']).map(({ name, type }) => String(name ?? type)),
      authorization: request.headers.authorization ?? '',
    };
    requests.push(described);
    responses += 1;
    await send(response, await script(described), `${responses}`);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function send(response: ServerResponse, reply: ModelReply, id: string): Promise<void> {
  const { fault } = reply;
  if (reply.waitMs) await delay(reply.waitMs);
  if (typeof fault === 'object') {
    response.writeHead(fault.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: fault.message } }));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  if (fault === 'garbage') {
    response.end('data: {"type": 17, "oops"\n\n\u0000\u0001 not an event\n\n');
    return;
  }
  const event = (body: { type: string } & Record<string, unknown>) =>
    response.write(`event: ${body.type}\ndata: ${JSON.stringify(body)}\n\n`);
  event({ type: 'response.created', response: { id: `resp_${id}` } });
  for (const [index, item] of reply.items.entries()) {
    await sendItem(event, item, `${id}_${index}`, index, reply.pieceMs ?? 0);
  }
  if (fault === 'silence') return;
  if (fault === 'cut') {
    response.destroy();
    return;
  }
  event({ type: 'response.completed', response: { id: `resp_${id}`, usage: USAGE } });
  response.end();
}

const USAGE = {
  input_tokens: REPLY_USAGE.input,
  input_tokens_details: { cached_tokens: REPLY_USAGE.cached },
  output_tokens: REPLY_USAGE.output,
  output_tokens_details: { reasoning_tokens: REPLY_USAGE.reasoning },
  total_tokens: REPLY_USAGE.input + REPLY_USAGE.output,
};

type Send = (body: { type: string } & Record<string, unknown>) => unknown;

async function sendItem(
  event: Send,
  item: ModelItem,
  id: string,
  output_index: number,
  pieceMs: number,
): Promise<void> {
  const whole = wireItem(item, id);
  const begun = 'say' in item ? { ...whole, content: [] } : whole;
  event({ type: 'response.output_item.added', output_index, item: begun });
  if ('say' in item) {
    for (const delta of item.say.split(/(?<=\s)/)) {
      if (pieceMs > 0) await delay(pieceMs);
      event({
        type: 'response.output_text.delta',
        item_id: whole['id'],
        output_index,
        content_index: 0,
        delta,
      });
    }
  }
  event({ type: 'response.output_item.done', output_index, item: whole });
}

function wireItem(item: ModelItem, id: string): Record<string, unknown> {
  if ('say' in item || 'refuse' in item) {
    const content =
      'say' in item
        ? { type: 'output_text', text: item.say }
        : { type: 'refusal', refusal: item.refuse };
    return { type: 'message', id: `msg_${id}`, role: 'assistant', content: [content] };
  }
  return 'call' in item
    ? {
        type: 'function_call',
        id: `fc_${id}`,
        call_id: `call_${id}`,
        name: item.call,
        arguments: JSON.stringify(item.arguments),
      }
    : {
        type: 'custom_tool_call',
        id: `ctc_${id}`,
        call_id: `call_${id}`,
        name: item.custom,
        input: item.input,
      };
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

function recordsOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value : [];
}
