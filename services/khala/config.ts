import { z } from 'zod';
import { commonSettings, portSetting } from '#services/shared/config.ts';
import { NATS_URL_MISSING, natsUrlSetting } from '#services/shared/nats-url.ts';
import { topicPolicySetting } from '#services/shared/topic-policy.ts';
import { HINT_SOURCES } from './hints/hint-drivers.ts';
import {
  DEAD_AFTER_MS,
  DRAIN_WINDOW_MS,
  HEARTBEAT_INTERVAL_MS,
  HELLO_TIMEOUT_MS,
  SAFETY_POLL_MS,
  SOCKETS_PER_ADDRESS_MAX,
  SOCKETS_PER_USER_MAX,
  STALLED_AFTER_MS,
} from './limits.ts';

const milliseconds = (byDefault: number) =>
  z.coerce.number().int().min(10).max(3_600_000).default(byDefault);

const count = (byDefault: number) =>
  z.coerce.number().int().min(1).max(1_000_000).default(byDefault);

const listSetting = () =>
  z
    .string()
    .default('')
    .transform((text) => text.split(',').filter((entry) => entry.trim() !== ''));

export const khalaSettings = z
  .object({
    ...commonSettings,
    KHALA_PORT: portSetting(4200),
    KHALA_DATABASE_URL: z.url(),
    CONTROL_JWKS_URL: z.url(),
    /** Comma-separated; a request without an Origin header is no browser's and passes. */
    KHALA_ALLOWED_ORIGINS: listSetting(),
    /** Addresses and ranges, by comma. What any other peer says of who stands behind it counts for nothing. */
    KHALA_TRUSTED_PROXIES: listSetting(),
    KHALA_SOCKETS_PER_USER_MAX: count(SOCKETS_PER_USER_MAX),
    KHALA_SOCKETS_PER_ADDRESS_MAX: count(SOCKETS_PER_ADDRESS_MAX),
    TOPIC_POLICY: topicPolicySetting,
    /** Public keys of the services that may ask a node for its numbers; operators need none. */
    OA_TRUSTED_SERVICES_FILE: z.string().default(''),
    KHALA_NODE_ID: z.string().max(64).default(''),
    KHALA_HELLO_TIMEOUT_MS: milliseconds(HELLO_TIMEOUT_MS),
    KHALA_HEARTBEAT_INTERVAL_MS: milliseconds(HEARTBEAT_INTERVAL_MS),
    KHALA_DEAD_AFTER_MS: milliseconds(DEAD_AFTER_MS),
    KHALA_STALLED_AFTER_MS: milliseconds(STALLED_AFTER_MS),
    KHALA_SAFETY_POLL_MS: milliseconds(SAFETY_POLL_MS),
    KHALA_DRAIN_WINDOW_MS: milliseconds(DRAIN_WINDOW_MS),
    /** What says early that topics moved; publishers have to say it there (`OA_HINTS`). */
    KHALA_HINTS: z.enum(HINT_SOURCES).default('postgres'),
    KHALA_NATS_URL: natsUrlSetting(),
  })
  .refine(({ KHALA_HINTS, KHALA_NATS_URL }) => KHALA_HINTS !== 'nats' || KHALA_NATS_URL !== '', {
    path: ['KHALA_NATS_URL'],
    message: NATS_URL_MISSING,
  });

export type KhalaConfig = z.output<typeof khalaSettings>;
