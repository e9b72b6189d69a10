import { join } from 'node:path';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose';
import { newId } from '#proto/ids.ts';
import { readTextIfPresent, writeFileAtomic } from './atomic-file.ts';
import { withLock } from './process-lock.ts';

/** This user on this machine: a stable id, and the key that sync tokens are bound to. */
export interface Device {
  deviceId: string;
  publicKey: CryptoKey;
  privateKey: CryptoKey;
  /** RFC 7638 thumbprint of the public key. */
  jkt: string;
}

export class DeviceFileError extends Error {
  override readonly name = 'DeviceFileError';
}

interface DeviceFile {
  schema: typeof DEVICE_SCHEMA;
  device_id: string;
  private_jwk: JWK;
}

const DEVICE_SCHEMA = 'openagents.client_device.v1';
/** Making a key takes milliseconds; whoever waits longer than this faces a broken machine. */
const LOCK_WAIT_MS = 10_000;

/** Reads the device, or makes it on the first call. Two processes at once get the same one. */
export async function loadDevice(configDirectory: string): Promise<Device> {
  const path = join(configDirectory, 'device.json');
  const found = await read(path);
  if (found) return found;
  return withLock(`${path}.lock`, LOCK_WAIT_MS, async () => {
    const meanwhile = await read(path);
    if (meanwhile) return meanwhile;
    const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
    const file: DeviceFile = {
      schema: DEVICE_SCHEMA,
      device_id: newId('dev'),
      private_jwk: await exportJWK(pair.privateKey),
    };
    await writeFileAtomic(path, `${JSON.stringify(file, null, 2)}\n`);
    return parse(JSON.stringify(file), path);
  });
}

async function read(path: string): Promise<Device | undefined> {
  const text = await readTextIfPresent(path);
  return text === undefined ? undefined : parse(text, path);
}

async function parse(text: string, path: string): Promise<Device> {
  try {
    const file = JSON.parse(text) as Partial<DeviceFile>;
    if (file.schema !== DEVICE_SCHEMA || !file.device_id || !file.private_jwk) {
      throw new TypeError(`it is not of schema ${DEVICE_SCHEMA}`);
    }
    const { d: _secret, ...publicJwk } = file.private_jwk;
    return {
      deviceId: file.device_id,
      privateKey: await importKey(file.private_jwk),
      publicKey: await importKey(publicJwk),
      jkt: await calculateJwkThumbprint(publicJwk),
    };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceFileError(
      `${path} cannot be used: ${why}. Move it away to get a new device; you then have to log in again.`,
      { cause },
    );
  }
}

async function importKey(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, 'EdDSA');
  if (key instanceof Uint8Array) throw new TypeError('a symmetric key cannot prove possession');
  return key;
}
