import { CompactSign, decodeJwt, exportJWK } from 'jose';
import { WebSocket } from 'ws';
import {
  decodeFrame,
  decodeJsonFrame,
  encodeFrame,
  encodeJsonFrame,
  KHALA_JSON_PROTOCOL,
  KHALA_PROTOCOL,
  type KhalaMessage,
} from '#proto/khala-frame.ts';
import { DensityChecker } from './density-checker.ts';
import { BUILD_ID, type Device } from './harness.ts';

export type MessageOf<K extends KhalaMessage['kind']> = Extract<KhalaMessage, { kind: K }>;
type Hello = MessageOf<'hello'>;

export interface PeerOptions {
  protocol?: string;
  origin?: string;
  /** As a proxy before the node would say. */
  forwardedFor?: string;
}

/** A client that does exactly what a test says, and remembers what it got. */
export class RawPeer {
  readonly socket: WebSocket;
  readonly received: KhalaMessage[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  /** Takes the seqs of updates, which are then not remembered: for more of them than a process can hold. */
  onUpdates: ((seqs: readonly bigint[]) => void) | undefined;
  readonly #json: boolean;
  #waiters: (() => void)[] = [];
  #taken = 0;
  #isClosed = false;

  constructor(url: string, options: PeerOptions = {}) {
    const { protocol = KHALA_PROTOCOL, origin, forwardedFor } = options;
    this.#json = protocol === KHALA_JSON_PROTOCOL;
    this.socket = new WebSocket(url, [protocol], {
      ...(origin ? { origin } : {}),
      ...(forwardedFor ? { headers: { 'x-forwarded-for': forwardedFor } } : {}),
    });
    this.socket.on('message', (data: Buffer, isBinary) => {
      const message = isBinary ? decodeFrame(data) : decodeJsonFrame(data.toString());
      if (this.onUpdates && message.kind === 'update') this.onUpdates([message.seq]);
      else if (this.onUpdates && message.kind === 'update_batch') {
        this.onUpdates(message.updates.map(({ seq }) => seq));
      } else this.received.push(message);
      this.#wake();
    });
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => {
        this.#isClosed = true;
        this.#wake();
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  send(message: KhalaMessage): void {
    this.socket.send(this.#json ? encodeJsonFrame(message) : encodeFrame(message));
  }

  /** The next message not yet taken, of `kind`; others before it are passed over. */
  async next<K extends KhalaMessage['kind']>(kind: K): Promise<MessageOf<K>> {
    for (;;) {
      for (; this.#taken < this.received.length; ) {
        const message = this.received[this.#taken];
        this.#taken += 1;
        if (message?.kind === kind) return message as MessageOf<K>;
      }
      if (this.#isClosed) {
        const last = this.received.findLast((message) => message.kind === 'error');
        throw new Error(`closed before ${kind}; last error: ${JSON.stringify(last?.code)}`);
      }
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  /** Answers the challenge. `changes` makes it wrong in one place. */
  async hello(device: Device, token: string, changes: Partial<Hello> = {}): Promise<void> {
    await this.answerChallenge(device, token, changes);
  }

  /** The same; the challenge is told, for what is to be proved over its nonce later. */
  async answerChallenge(
    device: Device,
    token: string,
    changes: Partial<Hello> = {},
  ): Promise<MessageOf<'challenge'>> {
    const challenge = await this.next('challenge');
    const { nonce } = challenge;
    this.send({
      kind: 'hello',
      token,
      proof: await proofOf(device, token, nonce),
      device_id: device.deviceId,
      client_build_id: BUILD_ID,
      protocol_version: 1,
      schema_version: 1,
      ...changes,
    });
    return challenge;
  }

  async refresh(device: Device, token: string, nonce: string): Promise<void> {
    this.send({ kind: 'token_refresh', token, proof: await proofOf(device, token, nonce) });
  }

  async admitted(device: Device, token: string): Promise<MessageOf<'welcome'>> {
    await this.hello(device, token);
    return this.next('welcome');
  }

  subscribe(topics: string[], cursors: { topic: string; epoch: string; seq: bigint }[] = []): void {
    this.send({ kind: 'subscribe', topics, resume_after: cursors, request_id: 'r1' });
  }

  /** The events it got, judged. */
  density(): DensityChecker {
    const checker = new DensityChecker();
    for (const message of this.received) {
      if (message.kind !== 'update' && message.kind !== 'update_batch') continue;
      const updates = message.kind === 'update' ? [message] : message.updates;
      for (const { seq } of updates) checker.record({ topic: message.topic, epoch: '', seq });
    }
    return checker;
  }

  /** Sends heartbeats until the end. */
  keepAlive(intervalMs: number): void {
    const timer = setInterval(() => this.send({ kind: 'heartbeat', sent_at_ms: 0n }), intervalMs);
    this.socket.on('close', () => clearInterval(timer));
  }

  close(): void {
    this.socket.terminate();
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

export interface ProofChanges {
  nonce?: string;
  jti?: string;
  device_id?: string;
  typ?: string;
  signedBy?: Device;
}

export async function proofOf(
  device: Device,
  token: string,
  nonce: string,
  changes: ProofChanges = {},
): Promise<string> {
  const { jti, nonce: otherNonce, device_id, typ = 'khala-proof+jwt' } = changes;
  const { key } = changes.signedBy ?? device;
  const claims = {
    nonce: otherNonce ?? nonce,
    jti: jti ?? decodeJwt(token).jti,
    device_id: device_id ?? device.deviceId,
  };
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'EdDSA', typ, jwk: await exportJWK(key.publicKey) })
    .sign(key.privateKey);
}
