import { createHash, randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { connect, type Sql } from '../connect.ts';
import { migrate } from '../migrate.ts';
import { PLANES, type Plane, readMigrations, type ServiceRole } from '../planes.ts';

export interface TestDatabase {
  /** Superuser of this database. */
  ownerUrl: string;
  runtimeUrl: string;
  controlUrl: string;
  khalaUrl: string;
  /** As a superuser: to look, and to prepare what no role may. */
  owner: Sql;
  /** As `oa_runtime`. */
  runtime: Sql;
  /** As `oa_control`. */
  control: Sql;
  /** As `oa_khala`. */
  khala: Sql;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The server of the suite listens on loopback and dies with it. */
export const TEST_PASSWORDS = {
  oa_control: 'control',
  oa_runtime: 'runtime',
  oa_khala: 'khala',
} as const satisfies Record<ServiceRole, string>;

/** Any number of ours: it makes the first test file build the template while the others wait. */
const TEMPLATE_LOCK = 0x6f61_7470;
const POOL_SIZE = 4;

/**
 * A fresh database with the given planes (default: both), cloned from a template that is migrated once per suite.
 * Use it with `await using`, or dispose of it in `afterAll`.
 */
export async function testDatabase(planes: readonly Plane[] = PLANES): Promise<TestDatabase> {
  const serverUrl = inject('postgresUrl');
  const admin = connect({ url: serverUrl, max: 1, applicationName: 'oa-test-admin' });
  const name = `oa_test_${randomBytes(6).toString('hex')}`;
  const template = await ensureTemplate(admin, serverUrl, planes);
  await admin.unsafe(`create database ${name} template ${template} strategy file_copy`);
  const as = (role?: ServiceRole) => databaseUrl(serverUrl, name, role);
  const open = (url: string) => connect({ url, max: POOL_SIZE, applicationName: 'oa-test' });
  const pools = {
    owner: open(as()),
    runtime: open(as('oa_runtime')),
    control: open(as('oa_control')),
    khala: open(as('oa_khala')),
  };
  return {
    ...pools,
    ownerUrl: as(),
    runtimeUrl: as('oa_runtime'),
    controlUrl: as('oa_control'),
    khalaUrl: as('oa_khala'),
    async [Symbol.asyncDispose]() {
      await Promise.all(Object.values(pools).map((pool) => pool.end({ timeout: 1 })));
      await admin.unsafe(`drop database ${name} with (force)`);
      await admin.end();
    },
  };
}

/** `url` of another database on the same server, as another login where one is given. */
export function databaseUrl(url: string, database: string, role?: ServiceRole): string {
  const result = new URL(url);
  result.pathname = `/${database}`;
  if (role !== undefined) {
    result.username = role;
    result.password = TEST_PASSWORDS[role];
  }
  return result.href;
}

async function ensureTemplate(
  admin: Sql,
  serverUrl: string,
  planes: readonly Plane[],
): Promise<string> {
  const template = await templateName(planes);
  await admin`select pg_advisory_lock(${TEMPLATE_LOCK})`;
  try {
    const [found] = await admin`select from pg_database where datname = ${template}`;
    if (found === undefined) {
      // Under another name until it is complete, so that a failed migration leaves no half template.
      const draft = `${template}_draft`;
      await admin.unsafe(`drop database if exists ${draft}`);
      await admin.unsafe(`create database ${draft}`);
      for (const plane of planes) {
        await migrate(plane, databaseUrl(serverUrl, draft), { passwords: TEST_PASSWORDS });
      }
      await admin.unsafe(`alter database ${draft} rename to ${template}`);
    }
  } finally {
    await admin`select pg_advisory_unlock(${TEMPLATE_LOCK})`;
  }
  return template;
}

async function templateName(planes: readonly Plane[]): Promise<string> {
  const hash = createHash('sha256');
  for (const plane of planes) {
    hash.update(plane);
    for (const migration of await readMigrations(plane)) hash.update(migration.sha256);
  }
  return `oa_template_${hash.digest('hex').slice(0, 12)}`;
}
