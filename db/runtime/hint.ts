import type { Hinter } from './gathered-hints.ts';
import { createNatsHinter } from './nats-hinter.ts';
import { createPostgresHinter } from './postgres-hinter.ts';

export type { Hinter };

export const HINT_DRIVERS = ['postgres', 'nats'] as const;

export interface HinterOptions {
  /** Default: `postgres`. */
  driver?: (typeof HINT_DRIVERS)[number];
  url: string;
  applicationName: string;
  natsUrl?: string;
}

/** Tells Khala which topics moved, after their commit and never inside it. */
export function createHinter(options: HinterOptions): Hinter {
  const { driver = 'postgres', url, applicationName, natsUrl = '' } = options;
  switch (driver) {
    case 'postgres':
      return createPostgresHinter({ url, applicationName });
    case 'nats':
      return createNatsHinter({ url: natsUrl, name: applicationName });
  }
}
