import { afterAll, beforeAll, expect, test } from 'vitest';
import { MIGRATIONS_SCHEMA } from '#db/provision.ts';
import { schemaRange } from '#db/schema-version.ts';
import { startTestRuntime, type TestRuntime } from './testing/runtime-process.ts';

let runtime: TestRuntime;
beforeAll(async () => {
  runtime = await startTestRuntime();
});
afterAll(() => runtime?.[Symbol.asyncDispose]());

async function postgresState(): Promise<{ status: number; state: string; detail: string }> {
  const { status, json } = await runtime.anonymous('/readyz');
  const [postgres] = json.dependencies.filter(({ name }: { name: string }) => name === 'postgres');
  return { status, state: postgres.state, detail: postgres.detail };
}

test('a process is not ready on a schema outside the range of its build, and is again within it', async () => {
  const { owner } = runtime.database;
  const table = owner(`${MIGRATIONS_SCHEMA}.runtime`);
  const { min, max } = await schemaRange('runtime');
  expect(await postgresState()).toMatchObject({ state: 'ok' });

  const removed = await owner<{ version: number; name: string; sha256: string }[]>`
    delete from ${table} where version = ${min} returning version, name, sha256`;
  expect(await postgresState()).toEqual({
    status: 503,
    state: 'failed',
    detail: `schema runtime has version ${min - 1}; this build needs ${min} to ${max}: run "npm run migrate"`,
  });
  await owner`insert into ${table} ${owner(removed)}`;
  expect(await postgresState()).toMatchObject({ state: 'ok' });

  const later = { version: max + 1, name: 'of_a_later_build', sha256: '' };
  await owner`insert into ${table} ${owner(later)}`;
  expect(await postgresState()).toMatchObject({ status: 503, state: 'failed' });
});
