import type { KhalaMessage } from '#proto/khala-frame.ts';
import { assertCompatible } from '../authentication/compatibility.ts';
import { verifyProof } from '../authentication/proof.ts';
import type { Grant } from '../authentication/sync-token.ts';
import { SessionFault } from './session-fault.ts';
import type { SessionNode } from './session-node.ts';

type Hello = Extract<KhalaMessage, { kind: 'hello' }>;
type TokenRefresh = Extract<KhalaMessage, { kind: 'token_refresh' }>;

type Verifying = Pick<SessionNode, 'window' | 'verifySyncToken' | 'revocations'>;

/** @throws SessionFault where this client, its token or its proof is not accepted. */
export async function grantOfHello(node: Verifying, hello: Hello, nonce: string): Promise<Grant> {
  assertCompatible(hello, node.window);
  const unknown = node.revocations.unknownFault();
  if (unknown) throw unknown;
  const grant = await provenGrant(node, hello, nonce);
  if (grant.deviceId !== hello.device_id) {
    throw new SessionFault('unauthorized', 'token_of_other_device');
  }
  return grant;
}

/** A socket belongs to one session of one device for its whole life. @throws SessionFault */
export async function grantOfRefresh(
  node: Verifying,
  refresh: TokenRefresh,
  nonce: string,
  before: Grant,
): Promise<Grant> {
  const grant = await provenGrant(node, refresh, nonce);
  const same =
    grant.userId === before.userId &&
    grant.sessionId === before.sessionId &&
    grant.deviceId === before.deviceId;
  if (!same) throw new SessionFault('unauthorized', 'token_of_other_session');
  return grant;
}

async function provenGrant(
  node: Verifying,
  { token, proof }: { token: string; proof: string },
  nonce: string,
): Promise<Grant> {
  const grant = await node.verifySyncToken(token);
  await verifyProof(proof, grant, nonce);
  return grant;
}
