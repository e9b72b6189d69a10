import { createHmac, hkdfSync } from 'node:crypto';
import { REFRESH_TOKEN_PREFIX } from './tokens/refresh-token.ts';

/** One root key per deployment; each use has its own key, so that no value of one can serve another. */
export interface Secrets {
  /** The token that replaces `refreshToken`: the same for every retry, unknown to whoever has only the database. */
  successorOf(refreshToken: string): string;
  /** What is kept of a login code. Bound to its challenge, so that equal codes look different. */
  codeHash(challengeId: string, code: string): Buffer;
  /** Who is limited, without saying who that is: addresses and e-mails are few enough to be guessed from a bare hash. */
  principalHash(principal: string): Buffer;
}

const KEY_BYTES = 32;

export function createSecrets(rootKey: Uint8Array): Secrets {
  const derive = (use: string) =>
    Buffer.from(hkdfSync('sha256', rootKey, '', `openagents-control/${use}`, KEY_BYTES));
  const successorKey = derive('refresh-successor');
  const codeKey = derive('login-code');
  const principalKey = derive('rate-limit-principal');
  return {
    successorOf(refreshToken) {
      const digest = createHmac('sha256', successorKey).update(refreshToken).digest('base64url');
      return `${REFRESH_TOKEN_PREFIX}${digest}`;
    },
    codeHash: (challengeId, code) =>
      createHmac('sha256', codeKey).update(`${challengeId}\n${code}`).digest(),
    principalHash: (principal) => createHmac('sha256', principalKey).update(principal).digest(),
  };
}
