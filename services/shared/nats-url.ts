import { z } from 'zod';

/** `nats://[user:password@]host:4222`, or `tls://`; a user without a password is a token. */
export function natsUrlSetting() {
  return z.union([z.literal(''), z.url({ protocol: /^(nats|tls)$/ })]).default('');
}

export const NATS_URL_MISSING = 'hints over NATS need its address';
