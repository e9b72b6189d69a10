import { z } from 'zod';
import { HINT_DRIVERS, type HinterOptions } from '#db/runtime/hint.ts';
import { natsUrlSetting } from './nats-url.ts';

/** How a publisher tells Khala that topics moved; it has to be what the nodes listen to. */
export const hintSettings = {
  OA_HINTS: z.enum(HINT_DRIVERS).default('postgres'),
  OA_NATS_URL: natsUrlSetting(),
} as const;

type HintConfig = { [K in keyof typeof hintSettings]: z.output<(typeof hintSettings)[K]> };

/** For `refine`. */
export function hintsHaveAddress({ OA_HINTS, OA_NATS_URL }: HintConfig): boolean {
  return OA_HINTS !== 'nats' || OA_NATS_URL !== '';
}

export function hinterOptions(
  { OA_HINTS, OA_NATS_URL }: HintConfig,
  database: { url: string; applicationName: string },
): HinterOptions {
  return { driver: OA_HINTS, natsUrl: OA_NATS_URL, ...database };
}
