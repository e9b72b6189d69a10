import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import { expect, test } from 'vitest';
import type { SymmetricKey } from '../service-keys.ts';
import { createPayloadCodec, PayloadUnreadableError } from './codec.ts';
import { ringOf } from './key-ring.ts';

const key = (kid: string): SymmetricKey => ({ kid, key: randomBytes(32) });
const [old, current, verification] = [key('old'), key('current'), key('verification')];

const payload = defaultPayloadConverter.toPayload({ objective: 'make the failing test pass' });
const ofRun = { type: 'workflow', namespace: 'default', workflowId: 'run/1' } as const;
const ofVerification = { ...ofRun, workflowId: 'verification/1' };

test('what is encoded can be read with its key and shows nothing of itself', async () => {
  const codec = createPayloadCodec(ringOf([current], [verification]));
  const encoded = await codec.encode([payload, payload], ofRun);
  expect(Buffer.concat(encoded.map(({ data }) => data ?? Buffer.of())).toString()).not.toMatch(
    /objective|failing/,
  );
  expect(encoded[0]?.data).not.toEqual(encoded[1]?.data);
  const decoded = await codec.decode(encoded, ofRun);
  expect(decoded.map((one) => defaultPayloadConverter.fromPayload(one))).toEqual(
    [payload, payload].map((one) => defaultPayloadConverter.fromPayload(one)),
  );
});

test('a payload that was never encoded is read as it is', async () => {
  const codec = createPayloadCodec(ringOf([current], [verification]));
  expect(await codec.decode([payload])).toEqual([payload]);
});

test('keys overlap: both sides of a rotation read each other', async () => {
  const before = createPayloadCodec(ringOf([old, current], [verification]));
  const after = createPayloadCodec(ringOf([current, old], [verification]));
  for (const [writes, reads] of [
    [before, after],
    [after, before],
  ] as const) {
    const [decoded] = await reads.decode(await writes.encode([payload], ofRun));
    expect(decoded?.data).toEqual(Buffer.from(payload.data ?? []));
  }
});

test('a verification is written so that the verifier reads it, and a run so that it does not', async () => {
  const worker = createPayloadCodec(ringOf([current], [verification]));
  const verifier = createPayloadCodec(ringOf([verification], [verification]));
  await expect(
    verifier.decode(await worker.encode([payload], ofVerification)),
  ).resolves.toHaveLength(1);
  await expect(verifier.decode(await worker.encode([payload], ofRun))).rejects.toThrow(
    'payload key "current" is not among those held here',
  );
});

test('a key of the same name with other bytes, or changed bytes, are told apart from a readable payload', async () => {
  const codec = createPayloadCodec(ringOf([current], [verification]));
  const other = createPayloadCodec(ringOf([key('current')], [verification]));
  const encoded = await codec.encode([payload], ofRun);
  await expect(other.decode(encoded)).rejects.toThrow('does not open with the key "current"');
  for (const place of [0, 20, -1]) {
    const data = Buffer.from(encoded[0]?.data ?? []);
    data[data.length + place < data.length ? data.length + place : place] =
      (data.at(place) ?? 0) ^ 1;
    await expect(codec.decode([{ ...encoded[0], data }])).rejects.toThrow(PayloadUnreadableError);
  }
  const short = { ...encoded[0], data: Buffer.alloc(12) };
  await expect(codec.decode([short])).rejects.toThrow('too short');
});

test('one name for two keys is refused', () => {
  expect(() => ringOf([current], [key('current')])).toThrow('names two payload keys');
});
