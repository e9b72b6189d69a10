import { z } from 'zod';
import { commonSettings, portSetting } from '../shared/config.ts';

const CHALLENGE_TTL_S = 600;
const ACCESS_TTL_S = 3_600;
const REFRESH_TTL_S = 30 * 24 * 3_600;

/** By comma; nothing by default. */
const list = z
  .string()
  .default('')
  .transform((text) => text.split(',').flatMap((part) => part.trim() || []));

export const controlSettings = z
  .object({
    ...commonSettings,
    CONTROL_PORT: portSetting(8787),
    CONTROL_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
    CONTROL_PUBLIC_URL: z.url({ protocol: /^https?$/ }),
    RUNTIME_URL: z.url({ protocol: /^https?$/ }),
    KHALA_URL: z.url({ protocol: /^wss?$/ }),
    CONTROL_TOKEN_KEYS_FILE: z.string(),
    CONTROL_REFRESH_KEY_FILE: z.string(),
    OA_SERVICE_KEY_FILE: z.string(),
    OA_TRUSTED_SERVICES_FILE: z.string(),
    OA_AUTH_PROVIDER_MODE: z.enum(['local', 'workos']).default('workos'),
    OA_AUTH_CHALLENGE_TTL_SECONDS: z.coerce
      .number()
      .int()
      .min(60)
      .max(3_600)
      .default(CHALLENGE_TTL_S),
    OA_AUTH_ACCESS_TTL_SECONDS: z.coerce
      .number()
      .int()
      .min(60)
      .max(ACCESS_TTL_S)
      .default(ACCESS_TTL_S),
    OA_AUTH_REFRESH_TTL_SECONDS: z.coerce
      .number()
      .int()
      .min(3_600)
      .max(90 * 24 * 3_600)
      .default(REFRESH_TTL_S),
    CONTROL_ALLOWED_ORIGINS: list,
    CONTROL_TRUSTED_PROXIES: list,
    /** Ids of the people who run this installation; their sessions carry `ops.read`. */
    CONTROL_OPERATORS: list,
    OA_DESKTOP_DOWNLOAD_URL: z
      .url()
      .default('https://github.com/OpenAgentsInc/openagents/releases/latest'),
  })
  .superRefine((settings, context) => {
    if (settings.OA_ENV === 'production' && settings.OA_AUTH_PROVIDER_MODE === 'local') {
      context.addIssue({
        code: 'custom',
        path: ['OA_AUTH_PROVIDER_MODE'],
        message: 'local prints login codes to the log, which production refuses',
      });
    }
    if (settings.OA_AUTH_PROVIDER_MODE === 'workos') {
      context.addIssue({
        code: 'custom',
        path: ['OA_AUTH_PROVIDER_MODE'],
        message: 'workos is not served by this build yet; set it to local for development',
      });
    }
  });

export type ControlConfig = z.output<typeof controlSettings>;
