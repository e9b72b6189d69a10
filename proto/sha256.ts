import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

/** The one hash form of the platform: `sha256:` and 64 lowercase hex digits. */
export type Sha256 = `sha256:${string}`;

export const SHA256_PATTERN = /^sha256:[0-9a-f]{64}$/;

const PREFIX = 'sha256:';

/** Hashes bytes as they are. */
export function sha256Of(bytes: Uint8Array): Sha256 {
  return `${PREFIX}${bytesToHex(sha256(bytes))}`;
}

export function isSha256(text: unknown): text is Sha256 {
  return typeof text === 'string' && SHA256_PATTERN.test(text);
}

/** The 32 raw bytes of a hash, as SQL stores them. Throws a RangeError for any other text. */
export function sha256ToBytes(hash: Sha256): Uint8Array {
  if (!isSha256(hash)) {
    throw new RangeError('a hash must be "sha256:" and 64 lowercase hex digits');
  }
  return hexToBytes(hash.slice(PREFIX.length));
}

/** The text form of 32 raw bytes. Throws a RangeError for any other length. */
export function sha256FromBytes(bytes: Uint8Array): Sha256 {
  if (bytes.length !== 32) {
    throw new RangeError(`a SHA-256 has 32 bytes, not ${bytes.length}`);
  }
  return `${PREFIX}${bytesToHex(bytes)}`;
}
