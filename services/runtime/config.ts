import { z } from 'zod';
import { NAMESPACE } from '#temporal.config';
import { LEASE_MS } from '#workflows/worker/state.ts';
import { commonSettings, portSetting } from '../shared/config.ts';
import { hintSettings, hintsHaveAddress } from '../shared/hints.ts';
import { NATS_URL_MISSING } from '../shared/nats-url.ts';
import { payloadSettings } from '../shared/payloads/settings.ts';
import { topicPolicySetting } from '../shared/topic-policy.ts';

/** Browsers that may call the runtime directly, by origin; none by default. */
const originList = z
  .string()
  .default('')
  .transform((text) => text.split(',').flatMap((part) => part.trim() || []));

export const runtimeSettings = z
  .object({
    ...commonSettings,
    RUNTIME_PORT: portSetting(4100),
    RUNTIME_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
    TEMPORAL_ADDRESS: z.string().min(1).default('127.0.0.1:7233'),
    TEMPORAL_NAMESPACE: z.string().min(1).default(NAMESPACE),
    TEMPORAL_UI_URL: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:8233'),
    OA_ARTIFACTS_DIR: z.string().min(1),
    CONTROL_JWKS_URL: z.url({ protocol: /^https?$/ }),
    RUNTIME_ALLOWED_ORIGINS: originList,
    TOPIC_POLICY: topicPolicySetting,
    /** Milliseconds after which a silent agent host is lost; it renews three times in that. */
    OA_WORKER_LEASE_MS: z.coerce.number().int().min(1_000).max(600_000).default(LEASE_MS),
    OA_SERVICE_KEY_FILE: z.string().default(''),
    OA_TRUSTED_SERVICES_FILE: z.string(),
    ...hintSettings,
    ...payloadSettings,
  })
  .refine(hintsHaveAddress, { path: ['OA_NATS_URL'], message: NATS_URL_MISSING });

export type RuntimeConfig = z.output<typeof runtimeSettings>;
