import 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Superuser URL of the suite's Postgres server. */
    postgresUrl: string;
    /** host:port of the suite's Temporal development server. */
    temporalAddress: string;
  }
}
