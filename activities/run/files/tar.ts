/** A tar archive (POSIX ustar) as a stream. Enough for a handful of plain files with short names. */
const BLOCK_BYTES = 512;
const NAME_BYTES_MAX = 100;
/** Eleven octal digits. */
const SIZE_BYTES_MAX = 0o77777777777;

export interface TarEntry {
  name: string;
  bytes: number;
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** The archive's bytes. Throws where an entry's content has not the size it announced. */
export async function* writeTar(
  entries: Iterable<TarEntry>,
  modifiedAtMs: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const entry of entries) {
    yield header(entry, modifiedAtMs);
    let written = 0;
    for await (const chunk of entry.content) {
      written += chunk.byteLength;
      yield chunk;
    }
    if (written !== entry.bytes) {
      throw new Error(`${entry.name} has ${written} bytes, not the ${entry.bytes} it announced`);
    }
    const rest = written % BLOCK_BYTES;
    if (rest > 0) yield new Uint8Array(BLOCK_BYTES - rest);
  }
  yield new Uint8Array(2 * BLOCK_BYTES);
}

function header({ name, bytes }: TarEntry, modifiedAtMs: number): Uint8Array {
  const block = Buffer.alloc(BLOCK_BYTES);
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) throw new RangeError(`${name} is too long a name`);
  if (bytes > SIZE_BYTES_MAX) throw new RangeError(`${name} is too large for a tar archive`);
  const octal = (value: number, width: number) => value.toString(8).padStart(width - 1, '0');
  block.write(name, 0);
  block.write(octal(0o644, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(bytes, 12), 124);
  block.write(octal(Math.floor(modifiedAtMs / 1000), 12), 136);
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 7)}\0 `, 148);
  return block;
}
