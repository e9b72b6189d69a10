import { createHash, randomUUID } from 'node:crypto';
import { exportJWK, SignJWT } from 'jose';
import type { Device, RunningNode } from './harness.ts';

export interface DpopChanges {
  htm?: string;
  htu?: string;
  ath?: string;
  iat?: number;
  jti?: string;
  typ?: string;
}

/** The proof of RFC 9449 for one request. `changes` makes it wrong in one place. */
export async function dpopOf(
  device: Device,
  url: string,
  token: string,
  { typ = 'dpop+jwt', iat, ...claims }: DpopChanges = {},
): Promise<string> {
  return new SignJWT({
    htm: 'GET',
    htu: url,
    ath: createHash('sha256').update(token).digest('base64url'),
    jti: randomUUID(),
    ...claims,
  })
    .setProtectedHeader({ alg: 'EdDSA', typ, jwk: await exportJWK(device.key.publicKey) })
    .setIssuedAt(iat)
    .sign(device.key.privateKey);
}

export function snapshotUrl(node: RunningNode, topic: string): string {
  return `http://127.0.0.1:${node.port}/v1/sync/snapshots/${encodeURIComponent(topic)}`;
}

export async function fetchSnapshot(
  node: RunningNode,
  topic: string,
  by: { device: Device; token: string; headers?: Record<string, string> },
): Promise<Response> {
  const url = snapshotUrl(node, topic);
  return fetch(url, {
    headers: {
      authorization: `DPoP ${by.token}`,
      dpop: await dpopOf(by.device, url, by.token),
      ...by.headers,
    },
  });
}
