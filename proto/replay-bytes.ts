import { DERIVED_FROM } from './replay-derive.ts';
import { ReplayError, type RuntimeEventLine, readReplayLine } from './replay-line.ts';
import { type ReplaySession, replayWriter } from './replay-writer.ts';

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const HASH_HEX_LENGTH = 64;
/** Names are in order, and the hash that comes first has one length: every line has its type at the same place. */
const EVENT_TYPE_AT = '{"event_hash":"sha256:'.length + HASH_HEX_LENGTH + '","event_type":"'.length;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The file of `writeReplay` from the `RuntimeEvent` lines of its events: each page of whole lines becomes the bytes that
 * follow each other. Only the first and the last line, and those that another line is derived from, are read.
 */
export async function* replayBytes(
  session: ReplaySession,
  pages: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array[], void> {
  const writer = replayWriter(session);
  let lineNumber = 0;
  const read = (line: Uint8Array) =>
    readReplayLine(decoder.decode(line), lineNumber) as RuntimeEventLine;

  yield [encoder.encode(writer.header())];
  let last: Uint8Array | undefined;
  for await (const page of pages) {
    const parts: Uint8Array[] = [];
    let copiedTo = 0;
    for (let start = 0, end: number; start < page.length; start = end + 1) {
      end = page.indexOf(NEWLINE, start);
      lineNumber += 1;
      if (end === -1) throw new ReplayError(lineNumber, 'it has no end');
      const line = () => read(page.subarray(start, end));
      if (lineNumber === 1) parts.push(encoder.encode(writer.start(line())));

      if (!DERIVED_FROM.has(typeIn(page, start))) {
        writer.skip();
        continue;
      }
      const derived = writer.derived(line()) ?? '';
      parts.push(page.subarray(copiedTo, end + 1), encoder.encode(derived));
      copiedTo = end + 1;
    }
    parts.push(page.subarray(copiedTo));
    // A copy: a view would keep the whole page.
    last = new Uint8Array(page.subarray(page.lastIndexOf(NEWLINE, -2) + 1, -1));
    yield parts;
  }
  yield [encoder.encode(writer.end(last && read(last)))];
}

function typeIn(page: Uint8Array, lineAt: number): string {
  const from = lineAt + EVENT_TYPE_AT;
  return decoder.decode(page.subarray(from, page.indexOf(QUOTE, from)));
}
