import fc from 'fast-check';
import Long from 'long';
import { describe, expect, it } from 'vitest';
import { canonicalBytes, hashCanonical } from './canonical.ts';
import { openagents } from './gen/wire.js';
import {
  decodeFrame,
  decodeJsonFrame,
  encodeFrame,
  encodeJsonFrame,
  encodeUpdate,
  type KhalaMessage,
  MalformedFrameError,
  type Update,
  updateBatchFrame,
  updateFrame,
} from './khala-frame.ts';

function update(seq: bigint, more: Partial<Update> = {}): Update {
  const payload = { text: 'hé', n: 1.5 };
  return {
    seq,
    kind: 'text.delta',
    payload: canonicalBytes(payload, { floats: true }),
    payload_hash: hashCanonical(payload, { floats: true }),
    recorded_at_ms: 1_790_000_000_000n,
    doc_key: '',
    doc_version: 0n,
    event_hash: '',
    ...more,
  };
}

const TOPIC = 'run:run_01h455vb4pex5vsknk084sn02q:events';

const messages: KhalaMessage[] = [
  {
    kind: 'challenge',
    nonce: 'n',
    protocol_version_min: 1,
    protocol_version_max: 1,
    client_build_id_min: '20260101T000000Z',
    client_build_id_max: '',
    window_expires_at: '2027-01-01T00:00:00.000Z',
  },
  {
    kind: 'hello',
    token: 't',
    proof: 'p',
    device_id: 'd',
    client_build_id: '20260101T000000Z',
    protocol_version: 1,
    schema_version: 1,
  },
  {
    kind: 'welcome',
    connection_id: 'c',
    node_id: 'n',
    token_expires_at_ms: 2n ** 53n + 1n,
    heartbeat_interval_ms: 15_000,
    dead_after_ms: 45_000,
    topics_max: 256,
  },
  {
    kind: 'subscribe',
    topics: [TOPIC],
    resume_after: [{ topic: TOPIC, epoch: 'e', seq: 2n ** 63n - 1n }],
    request_id: 'r',
  },
  {
    kind: 'subscribed',
    topic: TOPIC,
    epoch: 'e',
    from_seq: 4n,
    head_seq: 7n,
    request_id: 'r',
    snapshot_seq: 3n,
    snapshot_url: '/v1/sync/snapshots/t',
  },
  { kind: 'unsubscribe', topics: [] },
  { kind: 'update', topic: TOPIC, seq: 2n ** 53n + 1n, update: update(2n ** 53n + 1n) },
  { kind: 'update_batch', topic: TOPIC, seq: 3n, updates: [update(2n), update(3n)] },
  { kind: 'caught_up', topic: TOPIC, epoch: 'e', seq: 7n },
  {
    kind: 'snapshot_required',
    topic: TOPIC,
    code: 'stale_cursor',
    reason: 'cursor_ahead',
    floor_seq: 0n,
    head_seq: 7n,
    epoch: 'e',
    snapshot_seq: 0n,
    snapshot_url: '',
  },
  { kind: 'heartbeat', sent_at_ms: 1n },
  {
    kind: 'error',
    code: 'slow_consumer',
    message: 'm',
    topic: '',
    retry_after_ms: 250n,
    request_id: '',
    positions: [{ topic: TOPIC, epoch: 'e', seq: 5n }],
  },
  { kind: 'reconnect', after_ms: 1_000n },
  { kind: 'token_refresh', token: 't', proof: '' },
];

describe('frames of Khala', () => {
  it.each(messages.map((message) => [message.kind, message] as const))(
    'says %s alike in binary and in JSON',
    (_, message) => {
      expect(plain(decodeFrame(encodeFrame(message)))).toEqual(plain(message));
      expect(plain(decodeJsonFrame(encodeJsonFrame(message)))).toEqual(plain(message));
    },
  );

  it('sends an update that is already encoded, alone or in a batch', () => {
    const [first, second] = [update(9n), update(10n, { kind: 'x'.repeat(300) })];
    expect(updateFrame(TOPIC, 9n, encodeUpdate(first))).toEqual(
      encodeFrame({ kind: 'update', topic: TOPIC, seq: 9n, update: first }),
    );
    const encoded = [encodeUpdate(first), encodeUpdate(second)];
    for (const updates of [encoded, Array<Uint8Array>(500).fill(encoded[1] ?? new Uint8Array())]) {
      const decoded = updates.map((each) => openagents.sync.v1.Update.decode(each));
      const payload_bytes = openagents.sync.v1.UpdateBatch.encode({ updates: decoded }).finish();
      const frame = {
        topic: TOPIC,
        seq: Long.fromNumber(10, true),
        kind: 8,
        payload_bytes,
        schema_version: 1,
      };
      expect(plain(updateBatchFrame(TOPIC, 10n, updates))).toEqual(
        plain(openagents.sync.v1.KhalaFrame.encode(frame).finish()),
      );
    }
  });

  it('shows an update as the JSON value it carries, so that a person can read it', () => {
    const frame = JSON.parse(
      encodeJsonFrame({ kind: 'update', topic: TOPIC, seq: 1n, update: update(1n) }),
    );
    expect(frame.payload.payload).toEqual({ text: 'hé', n: 1.5 });
  });

  it('reads a kind of the future as unknown, and unknown fields not at all', () => {
    const future = openagents.sync.v1.KhalaFrame.encode({ kind: 99, topic: 't' } as never).finish();
    expect(decodeFrame(future)).toEqual({ kind: 'unknown', kind_number: 99, topic: 't', seq: 0n });
    const extended = Uint8Array.from([
      ...encodeFrame({ kind: 'heartbeat', sent_at_ms: 1n }),
      0xfa,
      0x06,
      0x01,
      0x78,
    ]);
    expect(decodeFrame(extended)).toEqual({ kind: 'heartbeat', sent_at_ms: 1n });
    expect(decodeJsonFrame('{"kind":"later","topic":"t","seq":"3","more":1}')).toEqual({
      kind: 'unknown',
      kind_number: 0,
      topic: 't',
      seq: 3n,
    });
  });

  it('refuses an update whose frame names another seq', () => {
    expect(() => decodeFrame(updateFrame(TOPIC, 2n, encodeUpdate(update(1n))))).toThrow(
      MalformedFrameError,
    );
    expect(() => decodeFrame(updateBatchFrame(TOPIC, 2n, []))).toThrow(MalformedFrameError);
  });

  it('refuses an integer that the wire cannot say instead of sending zero', () => {
    const say = (sent_at_ms: unknown) => () =>
      encodeFrame({ kind: 'heartbeat', sent_at_ms } as KhalaMessage);
    expect(say(-1n)).toThrow(/sent_at_ms/);
    expect(say(2n ** 64n)).toThrow(/sent_at_ms/);
    expect(say(5)).toThrow(/sent_at_ms/);
  });

  it('answers any bytes and any text with a message or a malformed frame', () => {
    const binary = (bytes: Uint8Array) => attempt(() => decodeFrame(bytes));
    const text = (json: string) => attempt(() => decodeJsonFrame(json));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), binary));
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), text));
    const frames = messages.map((message) => encodeFrame(message));
    fc.assert(
      fc.property(fc.constantFrom(...frames), fc.nat(), fc.nat(255), (frame, at, byte) => {
        const broken = frame.slice();
        broken[at % frame.length] = byte;
        return binary(broken) && binary(frame.subarray(0, at % frame.length));
      }),
    );
  });
});

function attempt(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    return error instanceof MalformedFrameError;
  }
}

/** Buffers and plain byte arrays compare alike. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: [...value] };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
