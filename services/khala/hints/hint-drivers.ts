import { connect } from '#db/connect.ts';
import { createHintHub } from '#db/runtime/hint-hub.ts';
import type { HintSource } from './hint-source.ts';
import { createMemoryHints } from './memory-hints.ts';
import { createNatsHints } from './nats-hints.ts';
import { createPostgresHints } from './postgres-hints.ts';

export const HINT_SOURCES = ['postgres', 'nats', 'memory'] as const;

export interface HintSourceOptions {
  driver: (typeof HINT_SOURCES)[number];
  databaseUrl: string;
  natsUrl: string;
}

/** The source that the configuration names. `memory` hears this process alone, so that a node has its poll and nothing else. */
export function createHintSource({ driver, databaseUrl, natsUrl }: HintSourceOptions): HintSource {
  switch (driver) {
    case 'postgres':
      return createPostgresHints(() =>
        connect({ url: databaseUrl, max: 1, applicationName: 'oa-khala-listen' }),
      );
    case 'nats':
      return createNatsHints({ url: natsUrl, name: 'oa-khala' });
    case 'memory':
      return createMemoryHints(createHintHub());
  }
}
