import type { Logger } from 'pino';
import type { Tracing } from '../shared/tracing.ts';
import type { PassGate } from './guards/rate-limit.ts';
import type { ControlMetrics } from './metrics.ts';
import type { RuntimeClient } from './runtime-client.ts';
import type { ChallengeDeps } from './sessions/challenge.ts';
import type { RevocationCourier } from './sessions/revocation-courier.ts';
import type { SessionDeps } from './sessions/session-deps.ts';

/** What the handlers of control work with. */
export interface ControlDeps extends SessionDeps, ChallengeDeps {
  readonly passGate: PassGate;
  readonly runtime: RuntimeClient;
  readonly courier: Pick<RevocationCourier, 'wake'>;
  /** Where clients find the other services. */
  readonly runtimeUrl: string;
  readonly khalaUrl: string;
  readonly logger: Logger;
  readonly tracing: Tracing;
  readonly metrics: ControlMetrics;
}
