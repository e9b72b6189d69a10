import type { JSONWebKeySet } from 'jose';
import {
  type NamedKey,
  readPrivateKey,
  readPrivateKeySet,
  readPublicKeySet,
  readSecretKey,
} from '../shared/service-keys.ts';
import type { ControlConfig } from './config.ts';

/** Every key that control reads from a file. */
export interface ControlKeys {
  /** Sign access and sync tokens; the first is the current one. */
  readonly tokens: readonly [NamedKey, ...NamedKey[]];
  /** Signs calls to the runtime. */
  readonly service: NamedKey;
  /** Of the services that may call control. */
  readonly trusted: JSONWebKeySet;
  /** What refresh tokens, codes and rate limits derive their keys from. */
  readonly root: Uint8Array;
}

/** @throws ConfigurationError naming the setting and the file */
export async function readControlKeys(config: ControlConfig): Promise<ControlKeys> {
  const {
    OA_ENV: stage,
    CONTROL_TOKEN_KEYS_FILE: tokens,
    OA_SERVICE_KEY_FILE: service,
    OA_TRUSTED_SERVICES_FILE: trusted,
    CONTROL_REFRESH_KEY_FILE: root,
  } = config;
  return {
    tokens: await readPrivateKeySet('CONTROL_TOKEN_KEYS_FILE', tokens, stage),
    service: await readPrivateKey('OA_SERVICE_KEY_FILE', service, stage),
    trusted: readPublicKeySet('OA_TRUSTED_SERVICES_FILE', trusted, stage),
    root: readSecretKey('CONTROL_REFRESH_KEY_FILE', root, stage),
  };
}
