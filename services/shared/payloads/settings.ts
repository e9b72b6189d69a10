import { z } from 'zod';

/** Of the verifier; empty: payloads are not encrypted. */
export const verificationPayloadSettings = {
  OA_VERIFICATION_PAYLOAD_KEYS_FILE: z.string().default(''),
} as const;

/** Of every other process that talks to Temporal. */
export const payloadSettings = {
  OA_PAYLOAD_KEYS_FILE: z.string().default(''),
  ...verificationPayloadSettings,
} as const;
