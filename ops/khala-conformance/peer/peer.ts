/**
 * One socket of a case. Whatever the case looks at, each frame is held to what is true of every frame (docs/khala.md,
 * invariants 2 and 3); a breach ends the case.
 */
import { createHash } from 'node:crypto';
import type { Kind } from './contract.ts';
import { decodeJsonFrame, encodeJsonFrame } from './json-form.ts';
import { decodeFrame, encodeFrame, type Frame, type Values } from './protobuf.ts';
import { closeOf, closePayload, OPCODE, type OpenOptions, RawWebSocket } from './raw-web-socket.ts';

export interface Close {
  code: number;
  reason: string;
}

interface Position {
  epoch: string;
  nextSeq: bigint;
  headSeq: bigint;
}

/** The whole of an update's JSON object of the text form is not canonical, so its hash is checked in binary only. */
type Form = 'binary' | 'json';

const TOPICLESS_KINDS: ReadonlySet<Kind> = new Set<Kind>(['challenge', 'welcome', 'reconnect']);

export class Peer {
  readonly url: string;
  readonly form: Form;
  readonly faults: string[] = [];
  readonly pongs: Buffer[] = [];
  nonce = '';
  frames = 0;
  heartbeats = 0;
  close: Close | undefined;
  #socket: RawWebSocket | undefined;
  readonly #waiting = new Map<string, Frame[]>();
  readonly #positions = new Map<string, Position>();
  #listeners: (() => void)[] = [];
  #heart: NodeJS.Timeout | undefined;

  private constructor(url: string, form: Form) {
    this.url = url;
    this.form = form;
  }

  static async open(url: string, options: OpenOptions = {}): Promise<Peer> {
    const { protocols = ['khala.v1'] } = options;
    const peer = new Peer(url, protocols[0] === 'khala.v1+json' ? 'json' : 'binary');
    peer.#socket = await RawWebSocket.open(
      url,
      { ...options, protocols },
      {
        onFrame: ({ opcode, payload }) => peer.#onFrame(opcode, payload),
        onFault: (fault) => peer.#fault(fault),
        onEnd: () => peer.#onClose({ code: 1006, reason: 'without a close frame' }),
      },
    );
    peer.#socket.listen();
    return peer;
  }

  get socket(): RawWebSocket {
    if (!this.#socket) throw new Error('not open');
    return this.#socket;
  }

  send(kind: Kind, payload: Values): void {
    this.socket.send(
      this.form === 'json'
        ? { opcode: OPCODE.text, payload: encodeJsonFrame(kind, payload) }
        : { opcode: OPCODE.binary, payload: encodeFrame(kind, payload) },
    );
  }

  /** The next frame about that topic; with '', about the connection. Heartbeats are counted, not waited for. */
  async next(topic: string): Promise<Frame> {
    for (;;) {
      if (this.faults.length > 0) throw new Error(this.faults.join('; '));
      const frame = this.#waiting.get(topic)?.shift();
      if (frame) return frame;
      if (this.close) throw new Error(`closed ${this.close.code} ${this.close.reason}`);
      await this.changed();
    }
  }

  /** What came and was not asked for. */
  leftOver(topic: string): readonly Frame[] {
    return this.#waiting.get(topic) ?? [];
  }

  /** Something came, or the socket ended. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#listeners.push(resolve));
  }

  lastSeq(topic: string): bigint | undefined {
    const position = this.#positions.get(topic);
    return position && position.nextSeq - 1n;
  }

  beat(intervalMs: number): void {
    this.hush();
    this.#heart = setInterval(() => this.send('heartbeat', { sent_at_ms: 0n }), intervalMs);
  }

  /** No heartbeat any more. */
  hush(): void {
    clearInterval(this.#heart);
  }

  end(): void {
    this.hush();
    this.#socket?.destroy();
  }

  #onFrame(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.close) {
      this.#onClose(closeOf(payload));
      // Echoed, as the standard wants it (RFC 6455, 5.5.1).
      this.socket.send({ opcode, payload: closePayload(this.close?.code ?? 1000) });
      this.socket.halfClose();
    } else if (opcode === OPCODE.pong) this.pongs.push(payload);
    else if (opcode === OPCODE.text || opcode === OPCODE.binary) this.#onMessage(opcode, payload);
    this.#wake();
  }

  #fault(fault: unknown): void {
    this.faults.push(fault instanceof Error ? fault.message : String(fault));
    this.#wake();
  }

  #onMessage(opcode: number, payload: Buffer): void {
    if ((opcode === OPCODE.text) !== (this.form === 'json')) {
      throw new Error(`a message of the other type than ${this.form}`);
    }
    const frame = this.form === 'json' ? decodeJsonFrame(payload.toString()) : decodeFrame(payload);
    this.frames += 1;
    this.#check(frame);
    if (frame.kind === 'heartbeat') this.heartbeats += 1;
    else {
      const about = frame.topic || ((frame.payload['topic'] as string | undefined) ?? '');
      this.#waiting.set(about, [...(this.#waiting.get(about) ?? []), frame]);
    }
  }

  #check(frame: Frame): void {
    const { kind, topic, seq, payload } = frame;
    if (frame.schemaVersion !== 1) throw new Error(`${kind} of schema ${frame.schemaVersion}`);
    if (TOPICLESS_KINDS.has(kind) && (topic !== '' || seq !== 0n)) {
      throw new Error(`${kind} names a topic or a seq`);
    }
    if (kind === 'subscribed') {
      this.#positions.set(payload['topic'] as string, {
        epoch: payload['epoch'] as string,
        nextSeq: payload['from_seq'] as bigint,
        headSeq: payload['head_seq'] as bigint,
      });
    } else if (kind === 'update') this.#advance(topic, seq, [payload]);
    else if (kind === 'update_batch') this.#advance(topic, seq, payload['updates'] as Values[]);
    else if (kind === 'caught_up') this.#checkCaughtUp(payload);
  }

  #advance(topic: string, seq: bigint, updates: Values[]): void {
    const position = this.#positions.get(topic);
    if (!position) throw new Error('an update of a topic that was not subscribed');
    for (const update of updates) {
      if (update['seq'] !== position.nextSeq) {
        throw new Error(`seq ${update['seq']} where ${position.nextSeq} comes next`);
      }
      position.nextSeq += 1n;
      const hash = createHash('sha256')
        .update(update['payload'] as Buffer)
        .digest('hex');
      if (this.form === 'binary' && update['payload_hash'] !== `sha256:${hash}`) {
        throw new Error(`the payload of seq ${update['seq']} has another hash`);
      }
    }
    if (updates.at(-1)?.['seq'] !== seq) throw new Error('a frame of another seq than its update');
  }

  #checkCaughtUp({ topic, epoch, seq }: Values): void {
    const position = this.#positions.get(topic as string);
    const whole =
      position?.epoch === epoch &&
      position?.nextSeq === (seq as bigint) + 1n &&
      (seq as bigint) >= position.headSeq;
    if (!whole) throw new Error(`CAUGHT_UP ${seq} before what SUBSCRIBED promised was sent`);
  }

  #onClose(close: Close): void {
    this.hush();
    this.close ??= close;
    this.#wake();
  }

  #wake(): void {
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const wake of listeners) wake();
  }
}
