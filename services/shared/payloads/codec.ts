/** Payloads as Temporal keeps them: AES-256-GCM under a named key. What was written before it was on is read as it is. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
// CommonJS whose named exports Node does not see.
import proto from '@temporalio/proto';
import type { PayloadKeys } from './key-ring.ts';

/** The names that Temporal's own tools know. */
const ENCODING = Buffer.from('binary/encrypted');
const KEY_ID = 'encryption-key-id';

const CIPHER = 'aes-256-gcm';
/** What GCM is made for; random, as no process counts what the others encrypt. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export class PayloadUnreadableError extends Error {
  override readonly name = 'PayloadUnreadableError';
}

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

export function createPayloadCodec(keys: PayloadKeys): PayloadCodec {
  return {
    encode: async (payloads, context) =>
      payloads.map((payload) => encrypt(payload, keys.keyFor(context?.workflowId))),
    decode: async (payloads) => payloads.map((payload) => decrypt(payload, keys)),
  };
}

function encrypt(payload: Payload, { kid, key }: { kid: string; key: Uint8Array }): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const name = Buffer.from(kid);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(name);
  const sealed = [cipher.update(PayloadMessage.encode(payload).finish()), cipher.final()];
  return {
    metadata: { encoding: ENCODING, [KEY_ID]: name },
    data: Buffer.concat([nonce, ...sealed, cipher.getAuthTag()]),
  };
}

/** @throws PayloadUnreadableError */
function decrypt(payload: Payload, keys: PayloadKeys): Payload {
  const { metadata, data } = payload;
  if (!metadata || !ENCODING.equals(metadata['encoding'] ?? new Uint8Array())) return payload;
  const name = Buffer.from(metadata[KEY_ID] ?? []);
  const kid = name.toString();
  const key = keys.find(kid)?.key;
  if (!key) throw new PayloadUnreadableError(`payload key "${kid}" is not among those held here`);
  if (!data || data.length < NONCE_BYTES + TAG_BYTES) {
    throw new PayloadUnreadableError(`a payload under key "${kid}" is too short to be one`);
  }
  const sealed = Buffer.from(data);
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES))
    .setAAD(name)
    .setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    const opened = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
    return PayloadMessage.decode(Buffer.concat([opened, decipher.final()]));
  } catch (error) {
    throw new PayloadUnreadableError(
      `a payload does not open with the key "${kid}" that is held here`,
      { cause: error },
    );
  }
}
