import { createHash, randomBytes } from 'node:crypto';

/** Says what it is to whoever finds one, and to scanners of leaked secrets. */
export const REFRESH_TOKEN_PREFIX = 'oa_rt_';

/** 256 bits: nobody guesses one, so its bare SHA-256 is safe to keep. */
const REFRESH_TOKEN_BYTES = 32;

/** The first token of a family. Its successors are derived (`Secrets.successorOf`). */
export function newRefreshToken(): string {
  return `${REFRESH_TOKEN_PREFIX}${randomBytes(REFRESH_TOKEN_BYTES).toString('base64url')}`;
}

/** The only form of a refresh token that is stored. */
export function tokenHash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
