import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export const PLANES = ['control', 'runtime'] as const;
export type Plane = (typeof PLANES)[number];

export type ServiceRole = 'oa_control' | 'oa_runtime' | 'oa_khala';
export type OwnerRole = 'oa_control_owner' | 'oa_runtime_owner';

export interface PlaneDefinition {
  /** Owns every object of the plane and runs its migrations; no process uses it. */
  owner: OwnerRole;
  schemas: readonly string[];
  /** May read and write the plane's tables; owns nothing. */
  service: ServiceRole;
  /** Roles that get single grants, written out in the plane's migrations. */
  readers: readonly ServiceRole[];
}

export const PLANE: Readonly<Record<Plane, PlaneDefinition>> = {
  control: {
    owner: 'oa_control_owner',
    schemas: ['control'],
    service: 'oa_control',
    readers: [],
  },
  runtime: {
    owner: 'oa_runtime_owner',
    schemas: ['runtime', 'khala'],
    service: 'oa_runtime',
    readers: ['oa_khala'],
  },
};

export interface Migration {
  version: number;
  name: string;
  sql: string;
  sha256: string;
}

const FILE_PATTERN = /^(\d{4})_[a-z0-9_]+\.sql$/;

/** The plane's migrations in order. Their numbers are 1..n without a gap, so that none can be merged late unseen. */
export async function readMigrations(plane: Plane): Promise<Migration[]> {
  const directory = join(import.meta.dirname, plane, 'migrations');
  const files = (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (file, index) => {
      const version = Number(FILE_PATTERN.exec(file)?.[1]);
      if (version !== index + 1) {
        throw new Error(`${plane}/migrations/${file}: expected number ${index + 1}`);
      }
      const sql = await readFile(join(directory, file), 'utf8');
      const sha256 = createHash('sha256').update(sql).digest('hex');
      return { version, name: file.replace(/\.sql$/, ''), sql, sha256 };
    }),
  );
}
