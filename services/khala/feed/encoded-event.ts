import { encodeUpdate } from '#proto/khala-frame.ts';
import type { JournalRow } from '../journal/journal-reader.ts';

/** A journal row, encoded once per node; every frame that carries it is made of these bytes. */
export interface EncodedEvent {
  seq: bigint;
  /** The encoded `Update`. */
  update: Uint8Array;
}

export function encodeRow(row: JournalRow): EncodedEvent {
  return {
    seq: row.seq,
    update: encodeUpdate({
      seq: row.seq,
      kind: row.kind,
      payload: row.payload,
      payload_hash: hashText(row.payloadSha256),
      recorded_at_ms: BigInt(row.recordedAtMs),
      doc_key: row.docKey ?? '',
      doc_version: row.docVersion ?? 0n,
      event_hash: row.eventHash ? hashText(row.eventHash) : '',
    }),
  };
}

function hashText(sha256: Uint8Array): string {
  return `sha256:${Buffer.from(sha256.buffer, sha256.byteOffset, sha256.byteLength).toString('hex')}`;
}
