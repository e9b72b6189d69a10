import type { CompatibilityWindow } from '#proto/gen/types.ts';
import type { TopicClass } from '#proto/topics.ts';

import type { AuditLog } from '../audit/audit-log.ts';
import type { LiveSockets } from '../authentication/live-sockets.ts';
import type { VerifySyncToken } from '../authentication/sync-token.ts';
import type { FanoutLog } from '../fanout/fanout-log.ts';
import type { NodeReader } from '../feed/node-reader.ts';
import type { TopicHead } from '../journal/journal-reader.ts';
import type { KhalaMetrics } from '../metrics.ts';
import type { Revocations } from '../revocations/revocations.ts';
import type { DeliveryCounts } from './delivery-counts.ts';
import type { DeliveryRounds } from './delivery-rounds.ts';
import type { LivenessWheel, SessionTiming } from './liveness.ts';
import type { QueueBudget } from './queue-budget.ts';

/** What a session needs of its node. */
export interface SessionNode {
  readonly nodeId: string;
  readonly window: CompatibilityWindow;
  readonly timing: SessionTiming;
  readonly verifySyncToken: VerifySyncToken;
  readonly liveSockets: LiveSockets;
  readonly revocations: Pick<Revocations, 'unknownFault' | 'faultOf' | 'hasLost'>;
  readonly reader: NodeReader;
  readonly audit: AuditLog;
  readonly metrics: KhalaMetrics;
  readonly fanout: FanoutLog;
  readonly counts: DeliveryCounts;
  readonly rounds: DeliveryRounds;
  readonly budget: QueueBudget;
  readonly liveness: LivenessWheel;
  now(): number;
  /** Counter rows of those topics that have one. Waits through an outage of the database. */
  heads(topics: readonly string[], wanted: () => boolean): Promise<TopicHead[]>;
  replayBudgetEvents(topicClass: TopicClass): number;
  onFault(fault: unknown): void;
  onEnded(sessionId: string): void;
}
