import type { Sandbox, SandboxJob } from '../sandbox/sandbox.ts';
import { HarnessRefusal } from './refusal.ts';

/** What a job needs to reach the network: the proxy's socket, or nothing where no sandbox holds it back. */
export type Egress = Pick<SandboxJob, 'egressSocket'>;

export interface EgressOffer {
  readonly sandbox: Sandbox;
  /** The socket of the egress proxy; null where this verifier offers no network. */
  readonly egressSocket: string | null;
}

/** @param need who asks, as the beginning of a sentence  @throws HarnessRefusal where no network is offered */
export function egressFor(need: string, { sandbox, egressSocket }: EgressOffer): Egress {
  if (!sandbox.isolation.sandboxed) return {};
  if (!egressSocket) throw new HarnessRefusal(`${need}, and this verifier offers no network`);
  return { egressSocket };
}
