/**
 * One client's connection.
 *
 * 1. Nothing but a CHALLENGE is sent before a token and its proof were verified over that challenge's nonce.
 * 2. A fault of a topic is answered for that topic; a fault of the connection is an ERROR frame and a close code from
 *    the closed list (`#proto/khala-close.ts`).
 * 3. After its end, by expiry or by revocation, nothing is delivered.
 */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { CLOSE_CODE, type CloseAction } from '#proto/khala-close.ts';
import { decodeFrame, decodeJsonFrame, type KhalaMessage } from '#proto/khala-frame.ts';
import { ClientRate } from '../admission/client-rate.ts';
import type { AuditEntry } from '../audit/audit-log.ts';
import type { Grant } from '../authentication/sync-token.ts';
import { INBOX_FRAMES_MAX } from '../limits.ts';
import { messageFrame, type WireFormat } from '../wire/message-frame.ts';
import { grantOfHello, grantOfRefresh } from './credentials.ts';
import { challengeOf, welcomeOf } from './greeting.ts';
import { Inbox, type InboxHost } from './inbox.ts';
import { Liveness, type LivenessHost } from './liveness.ts';
import { Outbox } from './outbox.ts';
import { type ErrorText, SessionFault } from './session-fault.ts';
import type { SessionNode } from './session-node.ts';
import { assertExpected, type ClientKind, type SessionState } from './session-state.ts';
import { SubscriptionSet } from './subscription-set.ts';

type ClientMessage = Extract<KhalaMessage, { kind: ClientKind }>;

const NONCE_BYTES = 24;

/** Causes as metrics name them. */
const PEER_CLOSED: ReadonlyMap<number, string> = new Map([
  [1000, 'peer_done'],
  [1001, 'peer_going_away'],
  [1005, 'peer_done'],
  [1006, 'connection_lost'],
  [1009, 'frame_too_large'],
]);

export class Session implements LivenessHost, InboxHost<ClientMessage> {
  readonly id: string;
  readonly #node: SessionNode;
  readonly #socket: WebSocket;
  readonly #format: WireFormat;
  readonly #nonce = randomBytes(NONCE_BYTES).toString('base64url');
  readonly #outbox: Outbox;
  readonly #subscriptions: SubscriptionSet;
  readonly #inbox = new Inbox<ClientMessage>(this, INBOX_FRAMES_MAX);
  readonly #liveness: Liveness;
  readonly #rate = new ClientRate();
  #state: SessionState = { name: 'challenged' };
  #deadline: NodeJS.Timeout;
  #drainTimer: NodeJS.Timeout | undefined;
  #forgetLiveness: (() => void) | undefined;

  constructor(id: string, node: SessionNode, socket: WebSocket, raw: Duplex, format: WireFormat) {
    this.id = id;
    this.#node = node;
    this.#socket = socket;
    this.#format = format;
    this.#outbox = new Outbox(raw, node.budget, () => this.#subscriptions.deliver());
    this.#subscriptions = new SubscriptionSet({
      node,
      format,
      outbox: this.#outbox,
      send: (message) => this.#send(message),
      audit: (entry) => this.#audit(entry),
    });
    this.#liveness = new Liveness(this.#outbox, this);
    this.#deadline = setTimeout(
      () =>
        this.#fail(new SessionFault('unauthorized', 'hello_too_late', { action: 'resume_after' })),
      node.timing.helloTimeoutMs,
    );
    socket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
    socket.on('close', (code) => this.#closed(PEER_CLOSED.get(code) ?? 'peer_closed_otherwise'));
    // Answered here and not by `ws`, which would queue a pong for each of any number of pings.
    socket.on('ping', (data) => {
      if (this.#outbox.hasRoom) socket.pong(data);
    });
    // What `ws` found wrong with the peer's frames; it closes with the standard's own code.
    socket.on('error', () => undefined);
    this.#send(challengeOf(node, this.#nonce));
  }

  get admitted(): boolean {
    return this.#state.name === 'admitted';
  }

  handle(message: ClientMessage): Promise<void> {
    return this.#handle(message);
  }

  onFault(fault: unknown): void {
    this.#fail(fault);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  beat(sentAtMs: number): void {
    this.#send({ kind: 'heartbeat', sent_at_ms: BigInt(sentAtMs) });
  }

  onDead(): void {
    this.#end('resume_after', 'silent_client');
  }

  onStalled(): void {
    this.#fail(new SessionFault('slow_consumer', 'slow_consumer'));
  }

  /** Refuses with a typed error, before or after HELLO. */
  refuse(fault: SessionFault): void {
    this.#fail(fault);
  }

  /** Revocations came: what they end, ends now, and nothing that waits for the socket leaves (invariant 3). */
  reconsider(): void {
    if (this.#state.name !== 'admitted') return;
    const fault = this.#node.revocations.faultOf(this.#state.grant);
    if (!fault) {
      this.#subscriptions.recheck();
      return;
    }
    this.#outbox.discard();
    this.#node.metrics.khala_evictions_total.record(1, { reason: fault.reason });
    this.#fail(fault);
  }

  /** Asks the client to go elsewhere after `afterMs`, and closes at the end of the window if it stayed. */
  drain(afterMs: number, windowMs: number): void {
    this.#send({ kind: 'reconnect', after_ms: BigInt(Math.round(afterMs)) });
    this.#drainTimer = setTimeout(
      () => this.#fail(new SessionFault('server_draining', 'server_draining')),
      windowMs,
    );
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#state.name === 'closed') return;
    this.#liveness.heard();
    try {
      if (isBinary !== (this.#format === 'binary')) {
        throw new SessionFault('malformed_frame', 'other_frame_type_than_agreed');
      }
      const message = isBinary ? decodeFrame(data) : decodeJsonFrame(data.toString('utf8'));
      this.#rate.spend(message);
      switch (message.kind) {
        case 'heartbeat':
        case 'unknown':
          return;
        case 'hello':
        case 'subscribe':
        case 'unsubscribe':
        case 'token_refresh':
          this.#inbox.push(message);
          return;
        default:
          throw new SessionFault('malformed_frame', 'kind_of_the_server');
      }
    } catch (cause) {
      this.#fail(
        cause instanceof SessionFault
          ? cause
          : new SessionFault('malformed_frame', 'malformed_frame', { cause }),
      );
    }
  }

  async #handle(message: ClientMessage): Promise<void> {
    // What it asked for last has to leave before more is answered: else a client that only talks fills the memory.
    await this.#outbox.whenRoom();
    if (this.#state.name === 'closed') return;
    assertExpected(this.#state, message.kind);
    switch (message.kind) {
      case 'hello':
        return this.#hello(message);
      case 'token_refresh':
        return this.#refresh(message);
      case 'subscribe':
        return this.#subscriptions.subscribe(message);
      case 'unsubscribe':
        return this.#subscriptions.unsubscribe(message.topics);
      case 'heartbeat':
        return;
    }
  }

  async #hello(hello: Extract<ClientMessage, { kind: 'hello' }>): Promise<void> {
    this.#state = { name: 'authenticating' };
    this.#admit(await grantOfHello(this.#node, hello, this.#nonce));
    if (!this.admitted) return;
    this.#forgetLiveness = this.#node.liveness.add(this.#liveness);
    this.#node.metrics.khala_connects_total.record(1, { outcome: 'admitted' });
    this.#audit({ decision: 'allow', reason: 'admitted' });
  }

  async #refresh(refresh: Extract<ClientMessage, { kind: 'token_refresh' }>): Promise<void> {
    if (this.#state.name !== 'admitted') return;
    const before = this.#state.grant;
    this.#admit(await grantOfRefresh(this.#node, refresh, this.#nonce, before));
    this.#audit({ decision: 'allow', reason: 'token_refreshed' });
  }

  #admit(grant: Grant): void {
    // The end may have come while signatures were checked (invariant 3).
    if (this.#state.name === 'closed') return;
    // Here and not before: from the next line on `reconsider` finds this session.
    const revoked = this.#node.revocations.faultOf(grant);
    if (revoked) throw revoked;
    this.#node.liveSockets.hold(grant, this.id);
    this.#state = { name: 'admitted', grant };
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(
      () => this.#fail(new SessionFault('reauth_required', 'token_expired')),
      Math.max(0, grant.expiresAtMs - this.#node.now()),
    );
    this.#send(welcomeOf(this.#node, this.id, grant));
    this.#subscriptions.grant(grant);
  }

  #send(message: KhalaMessage): void {
    if (this.#state.name !== 'closed') this.#outbox.write(messageFrame(this.#format, message));
  }

  #fail(fault: unknown): void {
    if (this.#state.name === 'closed') return;
    const known =
      fault instanceof SessionFault
        ? fault
        : new SessionFault('internal', 'internal', { cause: fault });
    if (known.code === 'internal') this.#node.onFault(fault);
    this.#record(known);
    this.#sendError(known.code, known.message, known.retryAfterMs);
    this.#end(known.action, known.code);
  }

  #record({ reason, ofCredentials }: SessionFault): void {
    if (this.#state.name === 'admitted' && !ofCredentials) return;
    this.#node.metrics.khala_connects_total.record(1, { outcome: reason });
    this.#audit({ decision: 'auth_failure', reason });
  }

  #sendError(code: ErrorText, message: string, retryAfterMs: number): void {
    this.#send({
      kind: 'error',
      code,
      message,
      topic: '',
      retry_after_ms: BigInt(retryAfterMs),
      request_id: '',
      positions: this.#subscriptions.positions(),
    });
  }

  #end(action: CloseAction, cause: string): void {
    if (this.#state.name === 'closed') return;
    this.#outbox.flush();
    this.#closed(cause);
    this.#socket.close(CLOSE_CODE[action], cause);
  }

  /** Without a word: the node ends. */
  terminate(): void {
    this.#closed('terminated');
    this.#socket.terminate();
  }

  #closed(cause: string): void {
    if (this.#state.name === 'closed') return;
    this.#node.liveSockets.release(this.id);
    this.#state = { name: 'closed' };
    clearTimeout(this.#deadline);
    clearTimeout(this.#drainTimer);
    this.#forgetLiveness?.();
    this.#inbox.stop();
    this.#subscriptions.end();
    this.#node.fanout.closed(cause);
    this.#outbox.end();
    this.#node.metrics.khala_disconnects_total.record(1, { cause });
    this.#node.onEnded(this.id);
  }

  #audit(entry: Omit<AuditEntry, 'connectionId' | 'userId' | 'sessionId' | 'deviceId'>): void {
    const grant = this.#state.name === 'admitted' ? this.#state.grant : undefined;
    this.#node.audit.record({
      connectionId: this.id,
      userId: grant?.userId,
      sessionId: grant?.sessionId,
      deviceId: grant?.deviceId,
      ...entry,
    });
  }
}
