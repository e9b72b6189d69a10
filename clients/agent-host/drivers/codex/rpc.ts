/** JSON-RPC over the lines of a child process, in both directions. Knows nothing of what is said. */
import { INVALID_PARAMS, METHOD_NOT_FOUND, messageSchema } from './protocol.ts';

/** The other side refused a call. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;
  constructor(method: string, code: number, message: string) {
    super(`${method}: ${message}`);
    this.code = code;
  }
}

/** The process is gone, or said something that is no message: nothing more will be answered. */
export class RpcClosedError extends Error {
  override readonly name = 'RpcClosedError';
}

export type RpcId = number | string;
export type RpcAnswer = { result: unknown } | { error: { code: number; message: string } };

export interface RpcDeps {
  write(line: string): void;
  onNotification(method: string, params: unknown): void;
  /** Answers a request of the other side; what it throws is answered as an error. */
  onRequest(method: string, params: unknown, id: RpcId): Promise<RpcAnswer>;
}

export interface Rpc {
  call(method: string, params: unknown, timeoutMs: number): Promise<unknown>;
  notify(method: string): void;
  /** What the process wrote, in any cut. */
  take(chunk: Uint8Array): void;
  /** Fails every call that waits. */
  close(reason: string): void;
}

/** The output of the longest command in one item, with room; a line beyond this is no message of ours. */
export const RPC_LINE_BYTES_MAX = 64 * 1024 * 1024;
const NEWLINE = 10;

export function createRpc(deps: RpcDeps): Rpc {
  const waiting = new Map<RpcId, { method: string; settle(answer: RpcAnswer): void }>();
  let lastId = 0;
  let held: Buffer[] = [];
  let heldBytes = 0;
  let closed: string | undefined;

  function close(reason: string): void {
    closed ??= reason;
    for (const [, { settle }] of waiting) settle({ error: { code: 0, message: closed } });
    waiting.clear();
  }

  function send(message: object): void {
    if (closed === undefined) deps.write(`${JSON.stringify(message)}\n`);
  }

  function line(bytes: Buffer): void {
    const text = bytes.toString('utf8').trim();
    if (text === '') return;
    const parsed = messageSchema.safeParse(parseJson(text));
    if (!parsed.success) {
      close('the app server wrote a line that is no message');
      return;
    }
    const { id, method, params, result, error } = parsed.data;
    if (method !== undefined && id !== undefined) void answer(method, params, id);
    else if (method !== undefined) deps.onNotification(method, params);
    else if (id !== undefined) {
      const call = waiting.get(id);
      waiting.delete(id);
      call?.settle(error ? { error } : { result });
    }
  }

  async function answer(method: string, params: unknown, id: RpcId): Promise<void> {
    try {
      send({ id, ...(await deps.onRequest(method, params, id)) });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      send({ id, error: { code: INVALID_PARAMS, message } });
    }
  }

  return {
    close,
    notify: (method) => send({ method }),
    call(method, params, timeoutMs) {
      if (closed !== undefined) return Promise.reject(new RpcClosedError(closed));
      const id = ++lastId;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(id);
          reject(new RpcClosedError(`${method} was not answered within ${timeoutMs} ms`));
        }, timeoutMs);
        waiting.set(id, {
          method,
          settle(outcome) {
            clearTimeout(timer);
            if ('result' in outcome) resolve(outcome.result);
            else if (closed !== undefined) reject(new RpcClosedError(closed));
            else reject(new RpcError(method, outcome.error.code, outcome.error.message));
          },
        });
        send({ method, id, params });
      });
    },
    take(chunk) {
      let rest = Buffer.from(chunk);
      for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
        const bytes = Buffer.concat([...held, rest.subarray(0, end)]);
        held = [];
        heldBytes = 0;
        rest = rest.subarray(end + 1);
        line(bytes);
      }
      if (rest.length === 0) return;
      held.push(rest);
      heldBytes += rest.length;
      if (heldBytes > RPC_LINE_BYTES_MAX) close('the app server wrote a line without an end');
    },
  };
}

export function unknownMethod(method: string): RpcAnswer {
  return {
    error: { code: METHOD_NOT_FOUND, message: `this client does not know ${method}` },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
