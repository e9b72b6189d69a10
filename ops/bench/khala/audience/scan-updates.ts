/** Reads of an update's frame only what density needs, so that a thousand readers fit on one core beside the server. */

export interface ScannedUpdates {
  topic: string;
  seqs: number[];
}

const TOPIC = 0x0a;
const SEQ = 0x10;
const KIND = 0x18;
const PAYLOAD = 0x22;
const UPDATE_KIND = 7;
const UPDATE_BATCH_KIND = 8;
const UPDATES = 0x0a;
const UPDATE_SEQ = 0x08;

/** Undefined where the frame carries no updates. */
export function scanUpdates(frame: Buffer): ScannedUpdates | undefined {
  const reader = { at: 0 };
  let topic = '';
  let seq = 0;
  let kind = 0;
  while (reader.at < frame.length) {
    const tag = frame[reader.at];
    reader.at += 1;
    const value = varint(frame, reader);
    if (tag === SEQ) seq = value;
    else if (tag === KIND) kind = value;
    else if (tag === TOPIC || tag === PAYLOAD) {
      const from = reader.at;
      reader.at += value;
      if (tag === TOPIC) topic = frame.toString('latin1', from, reader.at);
      else if (kind === UPDATE_BATCH_KIND) return { topic, seqs: seqsOf(frame, from, reader.at) };
      else return kind === UPDATE_KIND ? { topic, seqs: [seq] } : undefined;
    }
  }
  return undefined;
}

function seqsOf(frame: Buffer, from: number, to: number): number[] {
  const seqs: number[] = [];
  const reader = { at: from };
  while (reader.at < to) {
    if (frame[reader.at] !== UPDATES) throw new Error('a batch holds nothing but updates');
    reader.at += 1;
    const end = varint(frame, reader) + reader.at;
    if (frame[reader.at] !== UPDATE_SEQ) throw new Error('an update begins with its seq');
    reader.at += 1;
    seqs.push(varint(frame, reader));
    reader.at = end;
  }
  return seqs;
}

/** Seqs of a bench stay far below 2^53. */
function varint(bytes: Buffer, reader: { at: number }): number {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[reader.at] ?? 0;
    reader.at += 1;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value;
  }
}
