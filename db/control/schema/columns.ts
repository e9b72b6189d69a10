import { customType, pgSchema, timestamp } from 'drizzle-orm/pg-core';

export const controlSchema = pgSchema('control');

/** Hashes, and answers as they left. */
export const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({
  dataType: () => 'bytea',
});

/** Milliseconds, as on the wire and in the tokens. */
export const moment = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });
