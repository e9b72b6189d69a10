/** One socket's life: challenge, hello with proof, welcome, frames, heartbeats. It ends once, with one reason. */
import { PROTOCOL_VERSION } from '#proto/compat.ts';
import { decodeFrame, encodeFrame } from '#proto/khala-binary-frame.ts';
import { type CloseAction, closeActionOf } from '#proto/khala-close.ts';
import { FRAME_SCHEMA_VERSION, KHALA_PROTOCOL, type KhalaMessage } from '#proto/khala-message.ts';
import type { Prove } from './proof.ts';
import type { HeldToken } from './token-source.ts';
import type { Clock, WebSocketLike } from './types.ts';

/** From dialling to WELCOME. A node answers in milliseconds; a black hole must not hold the client. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** However often a node asks to be told, a client does nothing else beyond this. */
const HEARTBEAT_INTERVAL_MIN_MS = 50;
const NORMAL_CLOSURE = 1000;

export type MessageOf<K extends KhalaMessage['kind']> = Extract<KhalaMessage, { kind: K }>;
/** What is about one topic, which the client handles; the connection keeps the rest to itself. */
export type TopicMessage = MessageOf<
  'subscribed' | 'update' | 'update_batch' | 'caught_up' | 'snapshot_required' | 'error'
>;

export interface Ending {
  action: CloseAction;
  hintMs: number;
  reason: string;
}

export interface ConnectionOptions {
  url: string;
  webSocket(url: string, protocols: string[]): WebSocketLike;
  clock: Clock;
  deviceId: string;
  clientBuildId: string;
  prove: Prove;
  obtainToken(): Promise<HeldToken>;
  onChallenged(): void;
  /** After HELLO and again after each TOKEN_REFRESH. */
  onWelcome(token: HeldToken): void;
  onMessage(message: TopicMessage): void;
  /** `fault` is what `obtainToken` threw, if that is what ended it. */
  onEnded(ending: Ending, fault?: unknown): void;
}

export interface Connection {
  send(message: KhalaMessage): void;
  /** Proves the new token over this socket's nonce; answered by `onWelcome`. */
  refresh(renewed: HeldToken): Promise<void>;
  close(): void;
}

export function openConnection(options: ConnectionOptions): Connection {
  const { clock } = options;
  const socket = options.webSocket(options.url, [KHALA_PROTOCOL]);
  socket.binaryType = 'arraybuffer';
  // Minted while the socket dials: the node waits only a few seconds for HELLO.
  const token = options.obtainToken();
  token.catch((fault: unknown) =>
    end({ action: 'resume_after', hintMs: 0, reason: 'no_sync_token' }, fault),
  );
  let nonce: string | undefined;
  let presented: HeldToken | undefined;
  let lastError: { reason: string; hintMs: number } | undefined;
  let ended = false;
  let lastHeardMs = clock.nowMs();
  let cancelReconnect = () => {};
  let cancelTimer = clock.after(HANDSHAKE_TIMEOUT_MS, () =>
    end({ action: 'resume_after', hintMs: 0, reason: 'handshake_timeout' }),
  );

  function end(ending: Ending, fault?: unknown): void {
    if (ended) return;
    ended = true;
    cancelTimer();
    cancelReconnect();
    socket.close(NORMAL_CLOSURE);
    options.onEnded(ending, fault);
  }

  function send(message: KhalaMessage): void {
    const OPEN = 1;
    if (ended || socket.readyState !== OPEN) return;
    socket.send(encodeFrame(message));
  }

  async function credentials(held: HeldToken): Promise<{ token: string; proof: string }> {
    if (nonce === undefined) throw new Error('a proof is made over the nonce of a challenge');
    const proof = await options.prove({ nonce, jti: held.jti, device_id: options.deviceId });
    return { token: held.token, proof };
  }

  async function sayHello(): Promise<void> {
    presented = await token;
    send({
      kind: 'hello',
      ...(await credentials(presented)),
      device_id: options.deviceId,
      client_build_id: options.clientBuildId,
      protocol_version: PROTOCOL_VERSION,
      schema_version: FRAME_SCHEMA_VERSION,
    });
  }

  function keepAlive(welcome: MessageOf<'welcome'>): void {
    cancelTimer();
    const intervalMs = Math.max(HEARTBEAT_INTERVAL_MIN_MS, welcome.heartbeat_interval_ms);
    cancelTimer = clock.after(intervalMs, () => {
      const nowMs = clock.nowMs();
      if (nowMs - lastHeardMs > welcome.dead_after_ms) {
        end({ action: 'resume_after', hintMs: 0, reason: 'silent_server' });
        return;
      }
      send({ kind: 'heartbeat', sent_at_ms: BigInt(nowMs) });
      keepAlive(welcome);
    });
  }

  function receive(message: KhalaMessage): void {
    switch (message.kind) {
      case 'challenge':
        nonce = message.nonce;
        options.onChallenged();
        sayHello().catch((fault: unknown) =>
          end({ action: 'resume_after', hintMs: 0, reason: 'no_sync_token' }, fault),
        );
        return;
      case 'welcome':
        keepAlive(message);
        if (presented) options.onWelcome(presented);
        return;
      case 'reconnect':
        // Until then this socket goes on delivering; the node spread the moments over its drain window.
        cancelReconnect = clock.after(Number(message.after_ms), () =>
          end({ action: 'resume_now', hintMs: 0, reason: 'server_draining' }),
        );
        return;
      case 'error':
        if (message.topic) options.onMessage(message);
        else lastError = { reason: message.code, hintMs: Number(message.retry_after_ms) };
        return;
      case 'subscribed':
      case 'update':
      case 'update_batch':
      case 'caught_up':
      case 'snapshot_required':
        options.onMessage(message);
        return;
      default:
        // A heartbeat has done its work by arriving; a kind of a later version is none of this build's business.
        return;
    }
  }

  socket.addEventListener('message', ({ data }) => {
    if (ended) return;
    lastHeardMs = clock.nowMs();
    try {
      receive(decodeFrame(bytesOf(data)));
    } catch (fault) {
      end({ action: 'resume_after', hintMs: 0, reason: 'unreadable_frame' }, fault);
    }
  });
  // Its close event follows and carries what there is to know.
  socket.addEventListener('error', () => undefined);
  socket.addEventListener('close', ({ code, reason }) =>
    end({
      action: closeActionOf(code),
      hintMs: lastError?.hintMs ?? 0,
      reason: lastError?.reason ?? (reason || `closed_${code}`),
    }),
  );

  return {
    send,
    async refresh(renewed) {
      const proven = await credentials(renewed);
      presented = renewed;
      send({ kind: 'token_refresh', ...proven });
    },
    close: () => end({ action: 'resume_now', hintMs: 0, reason: 'client_closed' }),
  };
}

function bytesOf(data: unknown): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (data instanceof Uint8Array) return data;
  throw new TypeError('a frame is bytes');
}
