import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type Sql } from '#db/connect.ts';
import { preparePostgres } from '../../dev/embedded-postgres.ts';
import { stackLayout } from '../../dev/layout.ts';
import type { StackProcess } from '../../testing/stack-process.ts';

export interface TableFootprint {
  rows: number;
  heapBytes: number;
  indexBytes: number;
  toastBytes: number;
}

/** What a stack keeps at one moment. */
export interface Footprint {
  /** By name; the partitions of a table count as the table. */
  tables: Record<string, TableFootprint>;
  walBytes: number;
  artifacts: { files: number; bytes: number };
}

export async function openFootprint(
  stack: StackProcess,
): Promise<{ read(): Promise<Footprint>; close(): Promise<void> }> {
  const layout = stackLayout(stack.env);
  const { url } = await preparePostgres({
    directory: layout.postgres,
    port: await portOf(layout.postgres),
  });
  const sql = connect({ url, max: 1, applicationName: 'bench' });
  return {
    async read() {
      return {
        tables: await readTables(sql),
        walBytes: await walPosition(sql),
        artifacts: await sizeOf(layout.artifacts),
      };
    },
    close: () => sql.end(),
  };
}

/** The server writes its port into the fourth line of this file. */
async function portOf(directory: string): Promise<number> {
  const lines = (await readFile(join(directory, 'postmaster.pid'), 'utf8')).split('\n');
  return Number(lines[3]);
}

async function readTables(sql: Sql): Promise<Record<string, TableFootprint>> {
  const found = await sql<{ name: string; heap: bigint; index: bigint; toast: bigint }[]>`
    select n.nspname || '.' || c.relname as name,
      coalesce(sum(pg_relation_size(leaf.oid)), 0)::int8 as heap,
      coalesce(sum(pg_indexes_size(leaf.oid)), 0)::int8 as index,
      coalesce(sum(pg_total_relation_size(leaf.reltoastrelid)), 0)::int8 as toast
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    cross join lateral (
      select p.relid as oid, l.reltoastrelid from pg_partition_tree(c.oid) p join pg_class l on l.oid = p.relid
      where p.isleaf
      union all select c.oid, c.reltoastrelid where c.relkind = 'r'
    ) leaf
    where n.nspname in ('runtime', 'khala', 'control') and c.relkind in ('r', 'p') and not c.relispartition
    group by 1`;
  const tables: Record<string, TableFootprint> = {};
  for (const { name, heap, index, toast } of found) {
    const [{ rows } = { rows: 0n }] = await sql<{ rows: bigint }[]>`
      select count(*) as rows from ${sql(name)}`;
    tables[name] = {
      rows: Number(rows),
      heapBytes: Number(heap),
      indexBytes: Number(index),
      toastBytes: Number(toast),
    };
  }
  return tables;
}

async function walPosition(sql: Sql): Promise<number> {
  const [row] = await sql<{ bytes: bigint }[]>`
    select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8 as bytes`;
  return Number(row?.bytes ?? 0n);
}

async function sizeOf(directory: string): Promise<{ files: number; bytes: number }> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  let files = 0;
  let bytes = 0;
  for (const entry of entries.filter((one) => one.isFile())) {
    files += 1;
    bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return { files, bytes };
}
