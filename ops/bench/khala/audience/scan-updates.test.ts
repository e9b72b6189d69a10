import { expect, test } from 'vitest';
import { encodeFrame, type Update } from '#proto/khala-frame.ts';
import { scanUpdates } from './scan-updates.ts';

const topic = 'run:run_01h455vb4pex5vsknk084sn02q:events';
const update = (seq: bigint): Update => ({
  seq,
  kind: 'text.delta',
  payload: Buffer.from('{}'),
  payload_hash: 'sha256:00',
  recorded_at_ms: 1_763_700_000_000n,
  doc_key: '',
  doc_version: 0n,
  event_hash: '',
});
const scan = (message: Parameters<typeof encodeFrame>[0]) =>
  scanUpdates(Buffer.from(encodeFrame(message)));

test('an update is read by its topic and seq', () => {
  expect(scan({ kind: 'update', topic, seq: 70_000n, update: update(70_000n) })).toEqual({
    topic,
    seqs: [70_000],
  });
});

test('a batch is read seq by seq', () => {
  const updates = [127n, 128n, 129n].map(update);
  expect(scan({ kind: 'update_batch', topic, seq: 129n, updates })).toEqual({
    topic,
    seqs: [127, 128, 129],
  });
});

test('other frames carry none', () => {
  expect(scan({ kind: 'caught_up', topic, epoch: 'e', seq: 3n })).toBeUndefined();
  expect(scan({ kind: 'heartbeat', sent_at_ms: 1n })).toBeUndefined();
});
