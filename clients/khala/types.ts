import type { CryptoKey } from 'jose';
import type { JsonValue } from '#proto/canonical.ts';
import type { SyncDocument, Watermark, WatermarkStore } from './watermark-store.ts';

/** One journal row as a reader applies it: `(topic, epoch, seq)` names it, once, for ever. */
export interface SyncEvent {
  topic: string;
  epoch: string;
  seq: bigint;
  kind: string;
  payload: JsonValue;
  payloadHash: string;
  recordedAtMs: number;
  /** Summary classes: the document this row carries; apply it only when its version is newer. */
  docKey: string;
  docVersion: bigint;
  /** Run events: the chain value after this event. */
  eventHash: string;
}

/** The state of a topic at one seq, as a node serves it. */
export interface Snapshot {
  topic: string;
  epoch: string;
  /** Everything up to and including this seq is in `documents`. */
  asOfSeq: bigint;
  documents: SyncDocument[];
}

/** Why the journal cannot continue from the reader's position. */
export interface SnapshotRequired {
  topic: string;
  reason: string;
  epoch: string;
  floorSeq: bigint;
  headSeq: bigint;
  snapshotSeq: bigint;
  snapshotUrl: string;
}

/**
 * `stored` continues at the watermark in the store; where there is none it begins: at a snapshot if `onSnapshot` takes
 * it, else at the first event. `bootstrap` and `beginning` choose one of these whatever is stored.
 */
export type StartFrom = 'stored' | 'bootstrap' | 'beginning' | Watermark;

export interface SubscribeOptions {
  from?: StartFrom;
  /**
   * Applies one event. The watermark advances after it resolved; it is called in order, one at a time, and never
   * twice for a seq within this client's life. What it throws ends the subscription, unadvanced. Without it, iterate
   * the subscription: an event counts as applied when the next one is asked for.
   */
  onEvent?(event: SyncEvent): void | Promise<void>;
  /** Everything up to `seq` has been applied: what was asked for at the subscription is complete. */
  onCaughtUp?(position: Watermark): void;
  /**
   * With a store that holds documents: what it keeps of this event, written in one transaction with the watermark after
   * `onEvent` resolved. The documents of a snapshot replace what was kept.
   */
  document?(event: SyncEvent): SyncDocument | undefined;
  /**
   * Replaces what the application holds by this state, on which the following events build. Told at the begin of a
   * bootstrap (an empty one, as of 0, where the topic has no snapshot) and whenever the journal cannot continue.
   */
  onSnapshot?(snapshot: Snapshot): void | Promise<void>;
  /**
   * The journal cannot supply the next event, and there is no snapshot or nobody to take it. Read the state elsewhere and return the position it stands for.
   * Without it the subscription ends with `StaleCursorError`.
   */
  onSnapshotRequired?(required: SnapshotRequired): Promise<Watermark | 'beginning' | 'bootstrap'>;
}

export interface Subscription extends AsyncIterable<SyncEvent> {
  readonly topic: string;
  /** The last applied event, or `undefined` before the first. */
  readonly position: Watermark | undefined;
  /** Resolves after `close`; rejects with the fault that ended this topic and leaves the others alone. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** What only a person or a new build can change. */
export type BlockedAction = 'log_in' | 'upgrade' | 'stop';

export type ClientState =
  | { name: 'idle' }
  | { name: 'connecting'; attempt: number }
  | { name: 'authenticating' }
  /** `received` of `total` events that were behind the head when the topics were subscribed. */
  | { name: 'replaying'; received: bigint; total: bigint }
  | { name: 'live' }
  | { name: 'backoff'; delayMs: number; attempt: number; reason: string }
  | { name: 'blocked'; action: BlockedAction; reason: string };

export interface SyncToken {
  token: string;
  /** RFC 3339. Informative: the client measures the lifetime from the token's own claims, whatever its clock says. */
  expires_at: string;
}

/** Ed25519 or P-256. The private key signs the proof, so it may be non-extractable. */
export interface ProofKey {
  publicKey: CryptoKey;
  privateKey: CryptoKey;
}

/** The part of the standard `WebSocket` that is used: the browser's, Node's and `ws`'s all have it. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  send(data: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open', listener: () => void): void;
  addEventListener(type: 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(
    type: 'close',
    listener: (event: { code: number; reason: string }) => void,
  ): void;
}

export interface Clock {
  nowMs(): number;
  /** Calls back once after the delay; the result cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

export interface SnapshotRequest {
  headers: Record<string, string>;
  signal: AbortSignal;
}

export interface KhalaClientOptions {
  /** `ws(s)://…/v1/sync` */
  url: string;
  /**
   * Mints a sync token that grants `topics` and is bound to `proofKey`. Called single-flight. Throw
   * `SyncTokenRefused` where trying again cannot help.
   */
  getSyncToken(topics: readonly string[]): Promise<SyncToken>;
  proofKey: ProofKey;
  deviceId: string;
  clientBuildId: string;
  store: WatermarkStore;
  /** Default: the global `WebSocket`. */
  webSocket?(url: string, protocols: string[]): WebSocketLike;
  /** How snapshots are fetched. Default: the global `fetch`. */
  fetchSnapshot?(url: string, init: SnapshotRequest): Promise<Response>;
  clock?: Clock;
  random?(): number;
  onState?(state: ClientState): void;
}

export interface KhalaClient {
  readonly state: ClientState;
  readonly store: WatermarkStore;
  /** Connects on the first subscription. One subscription per topic at a time. */
  subscribe(topic: string, options?: SubscribeOptions): Subscription;
  /** Ends a backoff now (the network returned, a page became visible) or leaves `blocked` (a person logged in). */
  retryNow(): void;
  /** Ends every subscription; watermarks that were applied are stored when it resolves. */
  close(): Promise<void>;
}
