/**
 * The frames of docs/khala.md as numbers, written down a second time on purpose: what this peer sends and reads owes
 * nothing to the code that it judges.
 */
export type FieldType = 'string' | 'bytes' | 'uint32' | 'uint64' | 'code' | 'reason' | MessageName;
export type Field = readonly [number: number, type: FieldType, repeated?: 'repeated'];
type Fields = Readonly<Record<string, Field>>;

export const FRAME_FIELDS = {
  topic: [1, 'string'],
  seq: [2, 'uint64'],
  kind: [3, 'uint32'],
  payload_bytes: [4, 'bytes'],
  schema_version: [5, 'uint32'],
} as const satisfies Fields;

/** Messages that stand inside payloads. */
export type MessageName = 'cursor' | 'update';

const cursor = {
  topic: [1, 'string'],
  epoch: [2, 'string'],
  seq: [3, 'uint64'],
} as const satisfies Fields;

const update = {
  seq: [1, 'uint64'],
  kind: [2, 'string'],
  payload: [3, 'bytes'],
  payload_hash: [4, 'string'],
  recorded_at_ms: [5, 'uint64'],
  doc_key: [6, 'string'],
  doc_version: [7, 'uint64'],
  event_hash: [8, 'string'],
} as const satisfies Fields;

export const MESSAGES: Readonly<Record<MessageName, Fields>> = { cursor, update };

/** Kinds by their number, each with the fields of its payload. */
export const KINDS = {
  challenge: [
    1,
    {
      nonce: [1, 'string'],
      protocol_version_min: [2, 'uint32'],
      protocol_version_max: [3, 'uint32'],
      client_build_id_min: [4, 'string'],
      client_build_id_max: [5, 'string'],
      window_expires_at: [6, 'string'],
    },
  ],
  hello: [
    2,
    {
      token: [1, 'string'],
      proof: [2, 'string'],
      device_id: [3, 'string'],
      client_build_id: [4, 'string'],
      protocol_version: [5, 'uint32'],
      schema_version: [6, 'uint32'],
    },
  ],
  welcome: [
    3,
    {
      connection_id: [1, 'string'],
      node_id: [2, 'string'],
      token_expires_at_ms: [3, 'uint64'],
      heartbeat_interval_ms: [4, 'uint32'],
      dead_after_ms: [5, 'uint32'],
      topics_max: [6, 'uint32'],
    },
  ],
  subscribe: [
    4,
    {
      topics: [1, 'string', 'repeated'],
      resume_after: [2, 'cursor', 'repeated'],
      request_id: [3, 'string'],
    },
  ],
  subscribed: [
    5,
    {
      topic: [1, 'string'],
      epoch: [2, 'string'],
      from_seq: [3, 'uint64'],
      head_seq: [4, 'uint64'],
      request_id: [5, 'string'],
      snapshot_seq: [6, 'uint64'],
      snapshot_url: [7, 'string'],
    },
  ],
  unsubscribe: [6, { topics: [1, 'string', 'repeated'] }],
  update: [7, update],
  update_batch: [8, { updates: [1, 'update', 'repeated'] }],
  caught_up: [9, cursor],
  snapshot_required: [
    10,
    {
      topic: [1, 'string'],
      code: [2, 'code'],
      reason: [3, 'reason'],
      floor_seq: [4, 'uint64'],
      head_seq: [5, 'uint64'],
      epoch: [6, 'string'],
      snapshot_seq: [7, 'uint64'],
      snapshot_url: [8, 'string'],
    },
  ],
  heartbeat: [11, { sent_at_ms: [1, 'uint64'] }],
  error: [
    12,
    {
      code: [1, 'code'],
      message: [2, 'string'],
      topic: [3, 'string'],
      retry_after_ms: [4, 'uint64'],
      request_id: [5, 'string'],
      positions: [6, 'cursor', 'repeated'],
    },
  ],
  reconnect: [13, { after_ms: [1, 'uint64'] }],
  token_refresh: [14, { token: [1, 'string'], proof: [2, 'string'] }],
} as const satisfies Readonly<Record<string, readonly [number, Fields]>>;

export type Kind = keyof typeof KINDS;

export const ERROR_CODES = [
  '',
  'unauthorized',
  'forbidden_topic',
  'bad_subscription',
  'stale_cursor',
  'payload_too_large',
  'rate_limited',
  'internal',
  'slow_consumer',
  'reauth_required',
  'upgrade_required',
  'overloaded',
  'token_expired',
  'server_draining',
  'forbidden_origin',
  'malformed_frame',
] as const;
export type ErrorCode = Exclude<(typeof ERROR_CODES)[number], ''>;

export const STALE_REASONS = [
  '',
  'retention_expired',
  'compacted',
  'replay_budget_exceeded',
  'cursor_ahead',
  'lineage_mismatch',
] as const;
export type StaleReason = Exclude<(typeof STALE_REASONS)[number], ''>;

export const CLOSE_CODES = {
  'resume now': 4000,
  'resume after': 4001,
  'refresh the token': 4002,
  'log in': 4003,
  upgrade: 4004,
  stop: 4005,
} as const;
export type CloseAction = keyof typeof CLOSE_CODES;
