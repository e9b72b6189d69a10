/**
 * Who can read which payload.
 *
 * 1. The payloads of verifications have keys of their own: the verifier, which runs what nobody has reviewed, holds these and
 *    no others.
 * 2. The first key of a ring encrypts, all of them decrypt, so that keys overlap while they are rotated.
 */
import { verificationWorkflowId } from '#workflows/verification/messages.ts';
import { ConfigurationError } from '../config.ts';
import { readSymmetricKeySet, type Stage, type SymmetricKey } from '../service-keys.ts';

export interface PayloadKeys {
  /** Encrypts what belongs to this workflow. */
  keyFor(workflowId: string | undefined): SymmetricKey;
  find(kid: string): SymmetricKey | undefined;
}

export interface PayloadKeyFiles {
  /** Of everything but verifications; absent in the verifier. */
  OA_PAYLOAD_KEYS_FILE?: string;
  OA_VERIFICATION_PAYLOAD_KEYS_FILE: string;
  OA_ENV: Stage;
}

/** The keys that the settings name, or undefined where payloads are not encrypted. @throws ConfigurationError */
export function readPayloadKeys(settings: PayloadKeyFiles): PayloadKeys | undefined {
  const { OA_PAYLOAD_KEYS_FILE: own, OA_VERIFICATION_PAYLOAD_KEYS_FILE: verification } = settings;
  if (settings.OA_ENV === 'production' && !verification) {
    throw new ConfigurationError([
      'OA_VERIFICATION_PAYLOAD_KEYS_FILE: is not set; production encrypts what Temporal keeps',
    ]);
  }
  if (own === undefined) {
    if (!verification) return undefined;
    const ring = read('OA_VERIFICATION_PAYLOAD_KEYS_FILE', verification);
    return ringOf(ring, ring);
  }
  if (!own && !verification) return undefined;
  if (!own || !verification) {
    const missing = own ? 'OA_VERIFICATION_PAYLOAD_KEYS_FILE' : 'OA_PAYLOAD_KEYS_FILE';
    throw new ConfigurationError([`${missing}: is not set, while the other payload keys are`]);
  }
  return ringOf(
    read('OA_PAYLOAD_KEYS_FILE', own),
    read('OA_VERIFICATION_PAYLOAD_KEYS_FILE', verification),
  );

  function read(setting: string, file: string) {
    return readSymmetricKeySet(setting, file, settings.OA_ENV);
  }
}

type Ring = readonly [SymmetricKey, ...SymmetricKey[]];

const VERIFICATIONS = verificationWorkflowId('');

/** @throws ConfigurationError where one id names two keys */
export function ringOf(own: Ring, verification: Ring): PayloadKeys {
  const byId = new Map<string, SymmetricKey>();
  for (const key of new Set([...own, ...verification])) {
    if (byId.has(key.kid)) {
      throw new ConfigurationError([`OA_PAYLOAD_KEYS_FILE: ${key.kid} names two payload keys`]);
    }
    byId.set(key.kid, key);
  }
  return {
    keyFor: (workflowId) => (workflowId?.startsWith(VERIFICATIONS) ? verification : own)[0],
    find: (kid) => byId.get(kid),
  };
}
