import { z } from 'zod';
import { NAMESPACE } from '#temporal.config';
import { commonSettings, portSetting } from '../shared/config.ts';
import { hintSettings, hintsHaveAddress } from '../shared/hints.ts';
import { NATS_URL_MISSING } from '../shared/nats-url.ts';
import { payloadSettings } from '../shared/payloads/settings.ts';
import { topicPolicySetting } from '../shared/topic-policy.ts';

export const workerSettings = z
  .object({
    ...commonSettings,
    WORKER_PORT: portSetting(4190),
    RUNTIME_DATABASE_URL: z.url(),
    TEMPORAL_ADDRESS: z.string().min(1).default('127.0.0.1:7233'),
    TEMPORAL_NAMESPACE: z.string().min(1).default(NAMESPACE),
    OA_ARTIFACTS_DIR: z.string().min(1),
    /** Private keys (JWKS) that sign receipts; the first signs, the others only stay published. */
    OA_RECEIPT_KEYS_FILE: z.string().min(1),
    ...hintSettings,
    ...payloadSettings,
    /** Milliseconds between two passes of the journal's retention. */
    RETENTION_INTERVAL_MS: z.coerce.number().int().min(1_000).default(300_000),
    /** Bounds of classes that are not those of the table (docs/operations.md). */
    TOPIC_POLICY: topicPolicySetting,
    /** Directory of built workflow bundles; empty: built anew at each start. */
    OA_WORKFLOW_BUNDLE: z.string().default(''),
    /** Milliseconds between two looks for expired leases and overdue requests. */
    OA_SWEEP_INTERVAL_MS: z.coerce.number().int().min(50).max(60_000).default(1_000),
    /** Milliseconds between two passes of the artifact collector. */
    OA_COLLECT_INTERVAL_MS: z.coerce.number().int().min(50).default(600_000),
    /** Milliseconds that an artifact is left alone, whether or not anything refers to it. */
    OA_ARTIFACT_GRACE_MS: z.coerce.number().int().min(0).default(86_400_000),
    /** Days that artifacts of a run outlive its end; 0: for ever. */
    OA_ARTIFACTS_KEPT_DAYS: z.coerce.number().int().min(0).default(0),
  })
  .refine(({ OA_ENV, OA_BUILD_ID }) => OA_ENV !== 'production' || OA_BUILD_ID !== '', {
    path: ['OA_BUILD_ID'],
    message: 'production pins runs to builds, so a build needs a name of its own',
  })
  .refine(hintsHaveAddress, { path: ['OA_NATS_URL'], message: NATS_URL_MISSING });

export type WorkerConfig = z.output<typeof workerSettings>;
