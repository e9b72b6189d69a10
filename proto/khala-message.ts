import type {
  CaughtUp,
  Challenge,
  DomainTypes,
  Heartbeat,
  Hello,
  Reconnect,
  SnapshotRequired,
  Subscribe,
  Subscribed,
  SyncError,
  TokenRefresh,
  Unsubscribe,
  Update,
  UpdateBatch,
  Welcome,
} from './gen/domain.ts';
import { openagents } from './gen/wire.js';

export type { SyncError, TopicCursor, Update } from './gen/domain.ts';

/** WebSocket subprotocols, the client's preference first. */
export const KHALA_PROTOCOL = 'khala.v1';
export const KHALA_JSON_PROTOCOL = 'khala.v1+json';

/** Version of the payloads; a node and a client compare it in the handshake. */
export const FRAME_SCHEMA_VERSION = 1;

/** What a frame says. Control frames have neither topic nor seq of their own. */
export type KhalaMessage =
  | ({ kind: 'challenge' } & Challenge)
  | ({ kind: 'hello' } & Hello)
  | ({ kind: 'welcome' } & Welcome)
  | ({ kind: 'subscribe' } & Subscribe)
  | ({ kind: 'subscribed' } & Subscribed)
  | ({ kind: 'unsubscribe' } & Unsubscribe)
  | { kind: 'update'; topic: string; seq: bigint; update: Update }
  | ({ kind: 'update_batch'; topic: string; seq: bigint } & UpdateBatch)
  | ({ kind: 'caught_up' } & CaughtUp)
  | ({ kind: 'snapshot_required' } & SnapshotRequired)
  | ({ kind: 'heartbeat' } & Heartbeat)
  | ({ kind: 'error' } & SyncError)
  | ({ kind: 'reconnect' } & Reconnect)
  | ({ kind: 'token_refresh' } & TokenRefresh)
  | { kind: 'unknown'; kind_number: number; topic: string; seq: bigint };

export type KhalaKind = Exclude<KhalaMessage['kind'], 'unknown'>;

/** The bytes or the text are no frame. The message says where, never what was sent. */
export class MalformedFrameError extends Error {
  override readonly name = 'MalformedFrameError';
}

const wire = openagents.sync.v1;

/** What the payload of each kind is: its name in the contract, and its codec. */
export const PAYLOADS = {
  challenge: ['openagents.sync.v1.Challenge', wire.Challenge],
  hello: ['openagents.sync.v1.Hello', wire.Hello],
  welcome: ['openagents.sync.v1.Welcome', wire.Welcome],
  subscribe: ['openagents.sync.v1.Subscribe', wire.Subscribe],
  subscribed: ['openagents.sync.v1.Subscribed', wire.Subscribed],
  unsubscribe: ['openagents.sync.v1.Unsubscribe', wire.Unsubscribe],
  update: ['openagents.sync.v1.Update', wire.Update],
  update_batch: ['openagents.sync.v1.UpdateBatch', wire.UpdateBatch],
  caught_up: ['openagents.sync.v1.CaughtUp', wire.CaughtUp],
  snapshot_required: ['openagents.sync.v1.SnapshotRequired', wire.SnapshotRequired],
  heartbeat: ['openagents.sync.v1.Heartbeat', wire.Heartbeat],
  error: ['openagents.sync.v1.SyncError', wire.SyncError],
  reconnect: ['openagents.sync.v1.Reconnect', wire.Reconnect],
  token_refresh: ['openagents.sync.v1.TokenRefresh', wire.TokenRefresh],
} as const satisfies Record<KhalaKind, readonly [keyof DomainTypes, Codec]>;

export interface Codec {
  encode(message: never): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
}

export function isKind(text: string): text is KhalaKind {
  return Object.hasOwn(PAYLOADS, text);
}

/** Joins the frame's own topic and seq to its payload; an update's two seqs must agree. */
export function messageOfFrame(
  kind: KhalaKind,
  topic: string,
  seq: bigint,
  payload: object,
): KhalaMessage {
  switch (kind) {
    case 'update':
      if ((payload as Update).seq !== seq) {
        throw new MalformedFrameError('an update and its frame name different seqs');
      }
      return { kind, topic, seq, update: payload as Update };
    case 'update_batch': {
      const { updates } = payload as UpdateBatch;
      if (updates.at(-1)?.seq !== seq) {
        throw new MalformedFrameError('a batch ends with another seq than its frame');
      }
      return { kind, topic, seq, updates };
    }
    default:
      // The kind chose the payload's type in the table above.
      return { kind, ...payload } as KhalaMessage;
  }
}
