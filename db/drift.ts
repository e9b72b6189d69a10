import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import type { Sql } from './connect.ts';
import { PLANE, type Plane } from './planes.ts';

/** The statements that would make the plane's tables out of its drizzle schema. */
export async function statementsOf(schema: Record<string, unknown>): Promise<string[]> {
  return generateMigration(generateDrizzleJson({}), generateDrizzleJson(schema));
}

/**
 * What a plane's tables are made of, line by line: columns with type, nullability and default, keys, references, indexes.
 * Two databases with the same lines serve the same typed queries. Checks, triggers, partitions, functions and grants are
 * left out: only SQL can say them, and tests prove them.
 */
export async function describePlane(sql: Sql, plane: Plane): Promise<string[]> {
  const rows = await sql<{ line: string }[]>`
    with tables as (
      select c.oid, n.nspname || '.' || c.relname as name from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = any (${[...PLANE[plane].schemas]}::text[]) and c.relkind in ('r', 'p')
        and not c.relispartition
    )
    select format('%s column %s %s%s%s%s%s', t.name, a.attname, format_type(a.atttypid, a.atttypmod),
      case when a.attnotnull then ' not null' end, ' default ' || pg_get_expr(d.adbin, d.adrelid),
      case when a.attidentity <> '' then ' identity' end,
      case when a.attgenerated <> '' then ' generated' end) as line
    from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
    union all
    select format('%s constraint %s', t.name, pg_get_constraintdef(k.oid))
    from tables t join pg_constraint k on k.conrelid = t.oid and k.contype in ('p', 'u', 'f')
    union all
    select format('%s index %s', t.name, regexp_replace(pg_get_indexdef(i.indexrelid), 'ON ONLY ', 'ON '))
    from tables t join pg_index i on i.indrelid = t.oid
    where not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u'))
    order by line`;
  return rows.map((row) => row.line);
}
