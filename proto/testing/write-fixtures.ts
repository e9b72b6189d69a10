/**
 * Writes the fixtures of a new protocol version. Published fixtures are frozen: a file that exists stays as it is, and
 * a new one is added with what a version adds.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { CompactSign, calculateJwkThumbprint, importJWK, type JWK } from 'jose';
import {
  canonicalBytes,
  canonicalJson,
  hashCanonical,
  type JsonObject,
  type JsonValue,
} from '../canonical.ts';
import { hashEvent, hashPayload, ROOT_HASH } from '../event-chain.ts';
import { encodeFrame, encodeJsonFrame, type KhalaMessage, type Update } from '../khala-frame.ts';
import { issueReceipt, receiptText, type SigningKey } from '../receipt.ts';
import { type ReplayEvent, writeReplay } from '../replay.ts';
import { fixtureUrl } from './fixture-files.ts';
import { hexOf } from './fixtures.ts';

const RUN = 'run_01jd3k5e2cf8zr0q5v7n9m1t4x';
const THREAD = 'thread_01jd3k5e2cf8zr0q5v7n9m1t4y';
const TOPIC = `run:${RUN}:events`;
const EPOCH = '0d9ad6e5-0ed3-4f2c-8f57-6f5a3f0f4c11';
const AT_MS = 1_763_700_000_000;

/** The example key of RFC 8037, appendix A: known to everyone, so it proves nothing and is used for nothing else. */
const RFC_8037_KEY: JWK = {
  kty: 'OKP',
  crv: 'Ed25519',
  d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
};

function publish(name: string, text: string): void {
  const url = fixtureUrl(name);
  if (existsSync(url)) return;
  writeFileSync(url, text);
  process.stdout.write(`${name}\n`);
}

function publishJson(name: string, value: unknown): void {
  publish(name, `${JSON.stringify(value, null, 2)}\n`);
}

function canonicalFixtures(): unknown {
  const accepted: [string, JsonValue, boolean][] = [
    ['empty object', {}, false],
    ['names in order of UTF-16 code units', { '\ufb33': 1, '😀': 2, '€': 3, a: 4, '1': 5 }, false],
    ['escapes', 'quote " backslash \\ newline \n control \u0001 slash / line \u2028', false],
    ['integers at the limit', [9007199254740991, -9007199254740991, 0], false],
    ['nested', { b: [{ y: null, x: true }], a: { c: '' } }, false],
    ['doubles of a payload', [0.1, 1e21, 5e-324, 1.7976931348623157e308, -0.5], true],
  ];
  return {
    accepted: accepted.map(([name, value, floats]) => ({
      name,
      value,
      floats,
      canonical: canonicalJson(value, { floats }),
      sha256: hashCanonical(value, { floats }),
    })),
    refused: [
      { name: 'a fraction', json: '{"amount":1.5}', path: '$.amount' },
      { name: 'an integer beyond 2^53-1', json: '[0,9007199254740993]', path: '$[1]' },
      { name: 'a lone surrogate', json: '{"a":{"b":"\\ud800"}}', path: '$.a.b' },
    ],
  };
}

const LOG: [string, JsonObject][] = [
  [
    'run.created',
    {
      objective_hash: hashCanonical({ objective: 'Make the failing test pass.' }),
      work_unit: 'verified_patch_bundle',
      thread_id: THREAD,
      policy_bundle_id: hashCanonical({ policy: 'default' }),
    },
  ],
  ['run.started', { worker_id: 'worker_01jd3k5e2cf8zr0q5v7n9m1t4z', actor: 'dispatcher' }],
  [
    'tool.call',
    { tool_call_id: 'call_1', tool_name: 'shell', params_hash: hashCanonical(['npm', 'test']) },
  ],
  ['text.delta', { item_id: 'item_1', delta: 'Zeile für Zeile — 行 🚀\n' }],
  [
    'tool.result',
    {
      tool_call_id: 'call_1',
      tool_name: 'shell',
      state: 'succeeded',
      latency_ms: 842,
      exit_code: 0,
    },
  ],
  [
    'verification.finished',
    {
      verification_id: 'verification_01jd3k5e2cf8zr0q5v7n9m1t50',
      tier: 'O',
      verdict: 'accepted',
      strength: 'fail_to_pass',
    },
  ],
  ['later.event', { ratio: 0.30000000000000004, unknown: ['kept', null] }],
  ['run.finished', { status: 'succeeded', reason_class: 'completed' }],
];

function events(): (ReplayEvent & { run_id: string })[] {
  let prev_hash = ROOT_HASH;
  return LOG.map(([event_type, payload], index) => {
    const seq = BigInt(index + 1);
    const payload_hash = hashPayload(payload);
    prev_hash = hashEvent({ run_id: RUN, seq, event_type, payload_hash, prev_hash });
    const recorded_at_ms = AT_MS + index * 250;
    return {
      run_id: RUN,
      seq,
      event_type,
      payload,
      payload_hash,
      event_hash: prev_hash,
      recorded_at_ms,
      sanitized: false,
    };
  });
}

function updates(): Update[] {
  return events().map((event) => ({
    seq: event.seq,
    kind: event.event_type,
    payload: canonicalBytes(event.payload, { floats: true }),
    payload_hash: event.payload_hash,
    recorded_at_ms: BigInt(event.recorded_at_ms),
    doc_key: '',
    doc_version: 0n,
    event_hash: event.event_hash,
  }));
}

function frames(): [string, KhalaMessage][] {
  const [first, ...rest] = updates() as [Update, ...Update[]];
  const cursor = { topic: TOPIC, epoch: EPOCH, seq: 2n ** 53n + 1n };
  return [
    [
      'challenge',
      {
        kind: 'challenge',
        nonce: 'bm9uY2U',
        protocol_version_min: 1,
        protocol_version_max: 1,
        client_build_id_min: '20260101T000000Z',
        client_build_id_max: '',
        window_expires_at: '2027-12-31T00:00:00.000Z',
      },
    ],
    [
      'hello',
      {
        kind: 'hello',
        token: 'header.payload.signature',
        proof: 'header.payload.signature',
        device_id: 'dev:laptop',
        client_build_id: '20261121T100000Z',
        protocol_version: 1,
        schema_version: 1,
      },
    ],
    [
      'welcome',
      {
        kind: 'welcome',
        connection_id: 'conn_1',
        node_id: 'node_1',
        token_expires_at_ms: BigInt(AT_MS),
        heartbeat_interval_ms: 15_000,
        dead_after_ms: 45_000,
        topics_max: 256,
      },
    ],
    [
      'subscribe',
      { kind: 'subscribe', topics: [TOPIC], resume_after: [cursor], request_id: 'req_1' },
    ],
    [
      'subscribe from the beginning',
      {
        kind: 'subscribe',
        topics: [TOPIC],
        resume_after: [{ topic: TOPIC, epoch: '', seq: 0n }],
        request_id: '',
      },
    ],
    [
      'subscribed',
      {
        kind: 'subscribed',
        topic: TOPIC,
        epoch: EPOCH,
        from_seq: 0n,
        head_seq: 8n,
        request_id: 'req_1',
        snapshot_seq: 0n,
        snapshot_url: '',
      },
    ],
    ['unsubscribe', { kind: 'unsubscribe', topics: [TOPIC] }],
    ['update', { kind: 'update', topic: TOPIC, seq: first.seq, update: first }],
    ['update_batch', { kind: 'update_batch', topic: TOPIC, seq: 8n, updates: rest }],
    ['caught_up', { kind: 'caught_up', topic: TOPIC, epoch: EPOCH, seq: 8n }],
    [
      'snapshot_required',
      {
        kind: 'snapshot_required',
        topic: TOPIC,
        code: 'stale_cursor',
        reason: 'retention_expired',
        floor_seq: 4n,
        head_seq: 2n ** 63n - 1n,
        epoch: EPOCH,
        snapshot_seq: 0n,
        snapshot_url: '',
      },
    ],
    ['heartbeat', { kind: 'heartbeat', sent_at_ms: BigInt(AT_MS) }],
    [
      'error of a topic',
      {
        kind: 'error',
        code: 'forbidden_topic',
        message: 'not granted',
        topic: TOPIC,
        retry_after_ms: 0n,
        request_id: 'req_1',
        positions: [],
      },
    ],
    [
      'error of the connection',
      {
        kind: 'error',
        code: 'slow_consumer',
        message: '',
        topic: '',
        retry_after_ms: 250n,
        request_id: '',
        positions: [cursor],
      },
    ],
    ['reconnect', { kind: 'reconnect', after_ms: 1_500n }],
    ['token_refresh', { kind: 'token_refresh', token: 'header.payload.signature', proof: '' }],
  ];
}

function malformedFrames(): unknown {
  const [first] = updates() as [Update, ...Update[]];
  const update = hexOf(
    encodeFrame({ kind: 'update', topic: TOPIC, seq: first.seq, update: first }),
  );
  return [
    { name: 'cut in the middle', hex: update.slice(0, 80) },
    { name: 'a length beyond the end', hex: '22ff01' },
    { name: 'a varint without end', hex: '10ffffffffffffffffffffff' },
    { name: 'a topic that is not UTF-8', hex: '0a02c328' },
    { name: 'text instead of protobuf', hex: hexOf(new TextEncoder().encode('{"kind":"hello"}')) },
    { name: 'a payload that is not its message', hex: '180b2203ffffff' },
  ];
}

async function receipts(): Promise<unknown> {
  const key: SigningKey = {
    kid: 'worker-fixture',
    service: 'worker',
    privateKey: (await importJWK(RFC_8037_KEY, 'EdDSA')) as SigningKey['privateKey'],
  };
  const trajectory_hash = events().at(-1)?.event_hash;
  const verification = await issueReceipt(
    {
      schema: 'openagents.aegis.verification_receipt.v1',
      idPrefix: 'vr_',
      issuedAtMs: AT_MS + 1_400,
      service: 'worker',
      subject: { run_id: RUN },
      idempotencyKey: 'verification_01jd3k5e2cf8zr0q5v7n9m1t50',
      body: {
        verdict: 'accepted',
        tier: 'O',
        strength: 'fail_to_pass',
        commands: [{ command: 'npm test', exit_code: 0 }],
      },
      refs: [],
    },
    key,
  );
  const run = await issueReceipt(
    {
      schema: 'openagents.run.receipt.v1',
      idPrefix: 'rr_',
      issuedAtMs: AT_MS + 1_800,
      service: 'worker',
      subject: {
        run_id: RUN,
        thread_id: THREAD,
        ...(trajectory_hash === undefined ? {} : { trajectory_hash }),
      },
      idempotencyKey: `${RUN}/finish`,
      body: {
        status: 'succeeded',
        event_count: '8',
        usage: { cost_msats: '21000' },
        note: 'Zeile für Zeile 🚀',
      },
      refs: [
        {
          receipt_id: verification.receipt.receipt_id,
          canonical_sha256: verification.receipt.canonical_sha256,
          relation: 'verification',
        },
      ],
    },
    key,
  );
  const text = receiptText(run.receipt);
  return [
    { name: 'of a run', text, expected: 'ok' },
    { name: 'of a verification', text: receiptText(verification.receipt), expected: 'ok' },
    {
      name: 'with another amount',
      text: text.replace('21000', '21001'),
      expected: 'hash_mismatch',
    },
    {
      name: 'with another id',
      text: text.replace(/rr_[0-9a-f]{4}/, 'rr_0000'),
      expected: 'id_mismatch',
    },
    {
      name: 'with the signature of another',
      text: text.replace(run.receipt.signature, verification.receipt.signature),
      expected: 'bad_signature',
    },
    {
      name: 'of an unknown key',
      text: receiptText(
        (
          await issueReceipt(
            {
              schema: 'openagents.run.receipt.v1',
              idPrefix: 'rr_',
              issuedAtMs: AT_MS,
              service: 'worker',
              subject: {},
              idempotencyKey: '',
              body: {},
              refs: [],
            },
            { ...key, kid: 'worker-unpublished' },
          )
        ).receipt,
      ),
      expected: 'unknown_key',
    },
  ];
}

function topicFixtures(): unknown {
  return [
    { text: TOPIC, class: 'run_events' },
    { text: 'user:user_01jd3k5e2cf8zr0q5v7n9m1t4x:runs', class: 'run_summaries' },
    { text: 'org:org_01jd3k5e2cf8zr0q5v7n9m1t4x:workers', class: 'codex_worker_summaries' },
    { text: 'worker:worker_01jd3k5e2cf8zr0q5v7n9m1t4x:events', class: 'codex_worker_events' },
    { text: 'system:revocations', class: 'system' },
    { text: 'run:1:events', class: null },
    { text: 'run:*:events', class: null },
    { text: 'org:user_01jd3k5e2cf8zr0q5v7n9m1t4x:runs', class: null },
  ];
}

/** What a client signs over a node's nonce, so that another client can see whether it signs the same. */
async function khalaProof(): Promise<unknown> {
  const { d: _private, ...jwk } = RFC_8037_KEY;
  const header = { alg: 'EdDSA', typ: 'khala-proof+jwt', jwk };
  const claims = {
    nonce: 'bm9uY2U',
    jti: 'tok_01jd3k5e2cf8zr0q5v7n9m1t51',
    device_id: 'dev:laptop',
  };
  const proof = await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader(header)
    .sign(await importJWK(RFC_8037_KEY, 'EdDSA'));
  return { key: RFC_8037_KEY, jkt: await calculateJwkThumbprint(jwk), header, claims, proof };
}

let replay = '';
for await (const line of writeReplay(
  { producer: 'openagents-fixtures', run_id: RUN, ended_at_ms: AT_MS + 1_750 },
  events(),
)) {
  replay += line;
}
const { d: _, ...publicKey } = RFC_8037_KEY;
publishJson('canonical.json', canonicalFixtures());
publishJson(
  'event-chain.json',
  events().map(({ recorded_at_ms: _at, sanitized: _s, ...event }) => ({
    ...event,
    seq: event.seq.toString(),
  })),
);
publishJson(
  'khala-frames.json',
  frames().map(([name, message]) => ({
    name,
    hex: hexOf(encodeFrame(message)),
    json: JSON.parse(encodeJsonFrame(message)),
  })),
);
publishJson('khala-malformed.json', malformedFrames());
publishJson('khala-proof.json', await khalaProof());
publishJson('receipts.json', await receipts());
publishJson('keys.json', {
  keys: [{ ...publicKey, kid: 'worker-fixture', alg: 'EdDSA', use: 'sig' }],
});
publishJson('topics.json', topicFixtures());
publish('REPLAY.jsonl', replay);
