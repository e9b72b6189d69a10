import { exportJWK, FlattenedSign, generateKeyPair } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { CanonicalError } from './canonical.ts';
import {
  issueReceipt,
  type Receipt,
  rebuildReceipt,
  receiptText,
  type SigningKey,
  verifyReceipt,
} from './receipt.ts';
import { sha256Of } from './sha256.ts';

let current: SigningKey;
let retired: SigningKey;
let jwks: { keys: object[] };

async function keyOf(kid: string): Promise<[SigningKey, object]> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
  return [
    { kid, service: 'worker', privateKey },
    { ...(await exportJWK(publicKey)), kid, alg: 'EdDSA' },
  ];
}

beforeAll(async () => {
  const [one, onePublic] = await keyOf('worker-2026-11');
  const [two, twoPublic] = await keyOf('worker-2026-10');
  [current, retired, jwks] = [one, two, { keys: [onePublic, twoPublic] }];
});

function draft(body: object = { amount_msats: '21000', count: 3 }) {
  return {
    schema: 'openagents.run.receipt.v1',
    idPrefix: 'rr_',
    issuedAtMs: 1_790_000_000_000,
    service: 'worker',
    subject: { run_id: 'run_01h455vb4pex5vsknk084sn02q', thread_id: undefined },
    idempotencyKey: 'finish/1',
    body: body as never,
    refs: [],
  };
}

async function verdict(receipt: unknown, keys: object = jwks, others: Receipt[] = []) {
  const check = await verifyReceipt(receipt, keys as never, others);
  return check.ok ? 'ok' : check.fault;
}

describe('receipts', () => {
  it('verify offline with the published key, also one that was rotated out', async () => {
    for (const key of [current, retired]) {
      const { receipt } = await issueReceipt(draft(), key);
      expect(receipt.receipt_id).toMatch(/^rr_[0-9a-f]{24}$/);
      expect(receipt.subject).not.toHaveProperty('thread_id');
      expect(await verdict(JSON.parse(receiptText(receipt)))).toBe('ok');
    }
  });

  it('are rebuilt from their canonical bytes and signature alone', async () => {
    const { receipt, canonicalBytes } = await issueReceipt(draft(), current);
    expect(receipt.canonical_sha256).toBe(sha256Of(canonicalBytes));
    expect(rebuildReceipt(canonicalBytes, receipt.signature)).toEqual(receipt);
  });

  it('have the same id and hash when the same thing is issued again', async () => {
    const [one, two] = [await issueReceipt(draft(), current), await issueReceipt(draft(), current)];
    expect(two.receipt).toEqual(one.receipt);
  });

  it.each<[string, (receipt: Receipt) => unknown, string]>([
    ['a changed body', (r) => ({ ...r, body: { ...r.body, count: 4 } }), 'hash_mismatch'],
    ['a changed subject', (r) => ({ ...r, subject: { run_id: 'run_x' } }), 'hash_mismatch'],
    ['an added field', (r) => ({ ...r, note: 'x' }), 'hash_mismatch'],
    ['another id', (r) => ({ ...r, receipt_id: `rr_${'0'.repeat(24)}` }), 'id_mismatch'],
    [
      'the prefix of another class',
      (r) => ({ ...r, receipt_id: r.receipt_id.replace('rr', 'vr') }),
      'id_mismatch',
    ],
    [
      'a signature of other bytes',
      (r) => ({ ...r, signature: `${r.signature.slice(0, -4)}AAAA` }),
      'bad_signature',
    ],
    [
      'an attached payload',
      (r) => ({ ...r, signature: r.signature.replace('..', '.e30.') }),
      'bad_signature',
    ],
    ['no signature', (r) => ({ ...r, signature: '' }), 'bad_signature'],
    ['a fraction in the body', (r) => ({ ...r, body: { x: 1.5 } }), 'malformed'],
    ['a missing field', ({ refs: _, ...r }) => r, 'malformed'],
    ['a time as text', (r) => ({ ...r, issued_at_ms: '1' }), 'malformed'],
    ['a list', () => [], 'malformed'],
  ])('fail with %s', async (_, change, fault) => {
    const { receipt } = await issueReceipt(draft(), current);
    expect(await verdict(change(receipt))).toBe(fault);
  });

  it('fail on a key that is not at hand, and on another key under the same id', async () => {
    const { receipt } = await issueReceipt(draft(), current);
    expect(await verdict(receipt, { keys: [] })).toBe('unknown_key');
    const [, stranger] = await keyOf('worker-2026-11');
    expect(await verdict(receipt, { keys: [stranger] })).toBe('bad_signature');
  });

  it('fail when the signature names another key than the issuer', async () => {
    const { receipt, canonicalBytes } = await issueReceipt(draft(), current);
    const other = await new FlattenedSign(canonicalBytes)
      .setProtectedHeader({ alg: 'EdDSA', kid: 'worker-2026-10' })
      .sign(current.privateKey);
    const signature = `${other.protected}..${other.signature}`;
    expect(await verdict({ ...receipt, signature })).toBe('bad_signature');
  });

  it('fail when a header claims that nothing was signed', async () => {
    const { receipt } = await issueReceipt(draft(), current);
    const header = Buffer.from('{"alg":"none","kid":"worker-2026-11"}').toString('base64url');
    expect(await verdict({ ...receipt, signature: `${header}..` })).toBe('bad_signature');
  });

  it('check the receipts they build on, and name those that are not at hand', async () => {
    const base = (
      await issueReceipt(
        { ...draft(), schema: 'openagents.aegis.verification_receipt.v1', idPrefix: 'vr_' },
        current,
      )
    ).receipt;
    const reference = {
      receipt_id: base.receipt_id,
      canonical_sha256: base.canonical_sha256,
      relation: 'verification',
    };
    const { receipt } = await issueReceipt({ ...draft(), refs: [reference] }, current);
    expect(await verifyReceipt(receipt, jwks as never)).toMatchObject({
      unresolvedRefs: [base.receipt_id],
    });
    expect(await verifyReceipt(receipt, jwks as never, [base])).toMatchObject({
      unresolvedRefs: [],
    });
    const forged = { ...base, canonical_sha256: sha256Of(new Uint8Array()) };
    expect(await verdict(receipt, jwks, [forged])).toBe('reference_mismatch');
  });

  it('are not issued for what has no canonical form, nor by another service', async () => {
    await expect(issueReceipt(draft({ amount: 0.5 }), current)).rejects.toThrow(CanonicalError);
    await expect(issueReceipt({ ...draft(), service: 'runtime' }, current)).rejects.toThrow(
      /cannot sign/,
    );
  });
});
