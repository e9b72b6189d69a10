import type { PayloadCodec } from '@temporalio/common';
import type { Logger } from 'pino';
import type { Sql } from '#db/connect.ts';
import type { Journal } from '#db/runtime/journal.ts';
import type { Tx } from '#db/transaction.ts';
import type { RUNTIME_ROUTES } from '#proto/http/runtime.ts';
import type { ArtifactStore } from '../shared/artifact-store.ts';
import type { Handlers } from '../shared/http/handler.ts';
import type { TopicPolicies } from '../shared/topic-policy.ts';
import type { Tracing } from '../shared/tracing.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { LoopWatch } from './runs/loop-watch.ts';
import type { RunWorkflows } from './runs/run-workflows.ts';

/** What the handlers of the runtime work with. */
export interface RuntimeDeps {
  readonly sql: Sql;
  readonly journal: Journal;
  readonly workflows: RunWorkflows;
  readonly loops: LoopWatch;
  readonly artifacts: ArtifactStore;
  readonly metrics: RuntimeMetrics;
  readonly tracing: Tracing;
  readonly logger: Logger;
  readonly now: () => number;
  /** Between us and Temporal; none where payloads are kept as they are. */
  readonly payloadCodecs: readonly PayloadCodec[];
  readonly workerLeaseMs: number;
  readonly policies: TopicPolicies;
  /** The operator's page of a run's history. */
  readonly historyUrl: (runId: string) => string;
}

export type RuntimeHandlers = Handlers<typeof RUNTIME_ROUTES, Tx>;

/** The handler of one route, by the route's name. */
export type RuntimeHandler<N extends keyof RuntimeHandlers> = RuntimeHandlers[N];
