/** Unpacks a run's bundle: a tar file, gzipped or not, of a few flat files. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { CliError, EXIT } from './exit-codes.ts';

export interface BundleFile {
  name: string;
  content: Uint8Array;
}

const BLOCK_BYTES = 512;
const GZIP_MAGIC = [0x1f, 0x8b] as const;
/** A bundle is a patch, its receipts and its replay; more than this is not one. */
export const BUNDLE_BYTES_MAX = 1024 * 1024 * 1024;
/** Flat names only: a bundle never decides where on this machine something is written. */
const FLAT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const REGULAR_FILE = new Set(['0', '\0']);

/** Reads the files of a bundle; throws CliError on anything that a bundle does not contain. */
export function readBundle(bytes: Uint8Array): BundleFile[] {
  const gzipped = bytes[0] === GZIP_MAGIC[0] && bytes[1] === GZIP_MAGIC[1];
  const tar = gzipped ? gunzipSync(bytes, { maxOutputLength: BUNDLE_BYTES_MAX }) : bytes;
  const files: BundleFile[] = [];
  for (let at = 0; at + BLOCK_BYTES <= tar.length; ) {
    const header = tar.subarray(at, at + BLOCK_BYTES);
    if (header.every((byte) => byte === 0)) break;
    const name = text(header, 0, 100).replace(/^\.\//, '');
    const size = Number.parseInt(text(header, 124, 12).trim() || '0', 8);
    const type = String.fromCharCode(header[156] ?? 0);
    const start = at + BLOCK_BYTES;
    if (!Number.isSafeInteger(size) || start + size > tar.length) throw malformed('it is cut off');
    if (!REGULAR_FILE.has(type) || !FLAT_NAME.test(name)) {
      throw malformed(`it holds an entry that no bundle has: ${JSON.stringify(name)}`);
    }
    files.push({ name, content: tar.subarray(start, start + size) });
    at = start + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
  if (files.length === 0) throw malformed('it is empty or no tar file');
  return files;
}

export async function unpackBundle(bytes: Uint8Array, directory: string): Promise<string[]> {
  const files = readBundle(bytes);
  await mkdir(directory, { recursive: true });
  for (const { name, content } of files) await writeFile(join(directory, name), content);
  return files.map(({ name }) => name);
}

function text(block: Uint8Array, offset: number, length: number): string {
  const field = Buffer.from(block.subarray(offset, offset + length)).toString('latin1');
  const end = field.indexOf('\0');
  return end < 0 ? field : field.slice(0, end);
}

function malformed(why: string): CliError {
  return new CliError(EXIT.failure, `the bundle cannot be unpacked: ${why}`);
}
