import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { expect, test } from 'vitest';
import type { JsonObject } from '#proto/canonical.ts';
import { hashEvent, hashPayload, ROOT_HASH } from '#proto/event-chain.ts';
import { newId } from '#proto/ids.ts';
import { issueReceipt, type Receipt, type ReceiptReference, receiptText } from '#proto/receipt.ts';
import { writeReplay } from '#proto/replay.ts';
import { write } from '../agent-host/testing/repository.ts';
import { scratch } from '../api/testing/scratch.ts';
import { oa } from './testing/terminal.ts';

async function keys(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', {
    crv: 'Ed25519',
    extractable: true,
  });
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'EdDSA' };
  return { signing: { kid, service: 'worker', privateKey }, set: JSON.stringify({ keys: [jwk] }) };
}

type Keys = Awaited<ReturnType<typeof keys>>;

async function receipt(
  { signing }: Keys,
  schema: string,
  idPrefix: string,
  refs: ReceiptReference[] = [],
): Promise<Receipt> {
  const draft = {
    schema,
    idPrefix,
    issuedAtMs: 1_700_000_000_000,
    service: 'worker',
    subject: { run_id: newId('run') },
    idempotencyKey: 'k',
    body: { verdict: 'accepted' },
    refs,
  };
  return (await issueReceipt(draft, signing)).receipt;
}

/** A run receipt that refers to a verification receipt, as a bundle holds them; the keys lie elsewhere. */
async function bundle(home: string) {
  const signer = await keys('k1');
  const verification = await receipt(signer, 'openagents.aegis.verification_receipt.v1', 'vr_');
  const { receipt_id, canonical_sha256 } = verification;
  const run = await receipt(signer, 'openagents.run.receipt.v1', 'rr_', [
    { receipt_id, canonical_sha256, relation: 'verified_by' },
  ]);
  const directory = join(home, 'bundle');
  write(join(directory, 'RECEIPT.json'), receiptText(run));
  write(join(directory, 'VERIFICATION.json'), receiptText(verification));
  write(join(directory, 'keys.json'), signer.set);
  write(join(home, 'published.json'), signer.set);
  return { directory, run, verification };
}

test('a receipt holds with the receipt it refers to, against keys from elsewhere', async () => {
  using home = scratch();
  const { directory, run, verification } = await bundle(home.path);
  const checked = await oa([
    'receipts',
    'verify',
    join(directory, 'RECEIPT.json'),
    '--jwks',
    join(home.path, 'published.json'),
    '--json',
  ]);
  expect(checked.exitCode).toBe(0);
  expect(JSON.parse(checked.out)).toMatchObject({
    schema: 'openagents.cli.receipts.verify.v1',
    ok: true,
    receipt_id: run.receipt_id,
    references_verified: [verification.receipt_id],
    references_missing: [],
    keys_came_with_the_receipt: false,
  });
});

test('keys that came with the receipt prove little, and that is said', async () => {
  using home = scratch();
  const { directory } = await bundle(home.path);
  const checked = await oa(['receipts', 'verify', 'RECEIPT.json', '--jwks', 'keys.json'], {
    cwd: directory,
  });
  expect(checked.exitCode).toBe(0);
  expect(checked.err).toContain('the keys came with the receipt itself');
});

test('a reference that is not at hand is named', async () => {
  using home = scratch();
  const { directory, verification } = await bundle(home.path);
  write(join(home.path, 'alone', 'RECEIPT.json'), readFileSync(join(directory, 'RECEIPT.json')));
  const checked = await oa(
    ['receipts', 'verify', 'alone/RECEIPT.json', '--jwks', 'published.json'],
    { cwd: home.path },
  );
  expect(checked.exitCode).toBe(0);
  expect(checked.err).toContain(`${verification.receipt_id}, to which it refers, is not at hand`);
});

test.each([
  [
    'a changed field',
    'RECEIPT.json',
    (text: string) => text.replace('accepted', 'rejected'),
    'hash_mismatch',
  ],
  [
    'a changed reference',
    'VERIFICATION.json',
    (text: string) => text.replace('accepted', 'rejected'),
    'does not hold',
  ],
  [
    'another id',
    'RECEIPT.json',
    (text: string) => text.replace(/rr_[0-9a-f]{4}/, 'rr_0000'),
    'id_mismatch',
  ],
  ['an unknown key', 'keys.json', () => '{"keys":[]}', 'unknown_key'],
  ['no receipt', 'RECEIPT.json', () => '{}', 'malformed'],
])('%s makes it fail', async (_, file, change, said) => {
  using home = scratch();
  const { directory } = await bundle(home.path);
  const path = join(directory, file);
  write(path, change(readFileSync(path, 'utf8')));
  const checked = await oa(['receipts', 'verify', 'RECEIPT.json', '--jwks', 'keys.json'], {
    cwd: directory,
  });
  expect(checked.exitCode).toBe(1);
  expect(checked.err).toContain(said);
  expect(checked.out).toBe('');
});

test('a key of the same name that another holds does not verify', async () => {
  using home = scratch();
  const { directory } = await bundle(home.path);
  write(join(home.path, 'other.json'), (await keys('k1')).set);
  const checked = await oa([
    'receipts',
    'verify',
    join(directory, 'RECEIPT.json'),
    '--jwks',
    join(home.path, 'other.json'),
  ]);
  expect(checked.exitCode).toBe(1);
  expect(checked.err).toContain('bad_signature');
});

test('files that are not there or no JSON are told apart', async () => {
  using home = scratch();
  write(join(home.path, 'x.json'), 'no');
  expect(
    (await oa(['receipts', 'verify', 'none', '--jwks', 'x.json'], { cwd: home.path })).exitCode,
  ).toBe(3);
  expect(
    (await oa(['receipts', 'verify', 'x.json', '--jwks', 'x.json'], { cwd: home.path })).exitCode,
  ).toBe(2);
});

/** The replay file of a run with these events, chained as the journal chains them. */
async function replayFile(home: string, events: [string, JsonObject][]): Promise<string> {
  const run_id = newId('run');
  let prev_hash = ROOT_HASH;
  const chained = events.map(([event_type, payload], index) => {
    const seq = BigInt(index + 1);
    const payload_hash = hashPayload(payload);
    const event_hash = hashEvent({ run_id, seq, event_type, payload_hash, prev_hash });
    prev_hash = event_hash;
    return {
      seq,
      event_type,
      payload,
      payload_hash,
      event_hash,
      recorded_at_ms: 1,
      sanitized: false,
    };
  });
  const lines: string[] = [];
  for await (const line of writeReplay({ producer: 'test', run_id, ended_at_ms: 2 }, chained))
    lines.push(line);
  const path = join(home, 'REPLAY.jsonl');
  write(path, lines.join(''));
  return path;
}

const RUN: [string, JsonObject][] = [
  [
    'run.created',
    { objective_hash: 'sha256:x', work_unit: 'agent_task', thread_id: '', policy_bundle_id: '' },
  ],
  ['run.started', { worker_id: 'worker_1' }],
  ['tool.result', { tool_call_id: 'c', tool_name: 'command', state: 'succeeded', latency_ms: 5 }],
  ['run.finished', { status: 'succeeded', reason_class: 'completed', reason: '' }],
];

test('a replay file gives the states of its run again', async () => {
  using home = scratch();
  const replayed = await oa(['replay', await replayFile(home.path, RUN), '--json']);
  expect(replayed.exitCode).toBe(0);
  expect(JSON.parse(replayed.out)).toMatchObject({
    schema: 'openagents.cli.replay.v1',
    states: ['created', 'running', 'succeeded'],
    events: 4,
    status: 'succeeded',
  });
});

test('the trajectory that a receipt names is compared', async () => {
  using home = scratch();
  const path = await replayFile(home.path, RUN);
  const other = await oa(['replay', path, '--trajectory', 'sha256:other']);
  expect(other.exitCode).toBe(1);
});

test.each([
  [
    'a changed event',
    (lines: string[]) => lines.map((line) => line.replace('"latency_ms":5', '"latency_ms":6')),
  ],
  ['a missing event', (lines: string[]) => lines.toSpliced(3, 1)],
  [
    'events in another order',
    (lines: string[]) => lines.with(2, lines[3] ?? '').with(3, lines[2] ?? ''),
  ],
  ['a cut end', (lines: string[]) => lines.slice(0, -1)],
  ['an added end', (lines: string[]) => [...lines, lines.at(-1) ?? '']],
  [
    'another outcome',
    (lines: string[]) =>
      lines.map((line) => line.replace('"run_status":"succeeded"', '"run_status":"failed"')),
  ],
  ['nothing', () => ['']],
])('%s makes a replay fail', async (_, change) => {
  using home = scratch();
  const path = await replayFile(home.path, RUN);
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  write(path, `${change(lines).join('\n')}\n`);
  const replayed = await oa(['replay', path]);
  expect(replayed.exitCode).toBe(1);
  expect(replayed.err).toContain('does not hold');
});

test('a log whose events contradict the states of a run fails, though its chain holds', async () => {
  using home = scratch();
  const path = await replayFile(home.path, [
    ...RUN.slice(0, 2),
    ['run.cancel_requested', { reason: 'x' }],
    ...RUN.slice(3),
  ]);
  const replayed = await oa(['replay', path]);
  expect(replayed.exitCode).toBe(1);
  expect(replayed.err).toContain('canceling');
});
