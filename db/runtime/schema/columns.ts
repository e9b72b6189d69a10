import { customType, pgSchema, timestamp } from 'drizzle-orm/pg-core';

export const runtimeSchema = pgSchema('runtime');
export const khalaSchema = pgSchema('khala');

/** Canonical bytes and 32-byte hashes; jsonb would refuse NUL and rewrite numbers. */
export const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({
  dataType: () => 'bytea',
});

/** Milliseconds, as on the wire, so that what is hashed can be read back exactly. */
export const moment = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });
