import { Connection } from '@temporalio/client';
import postgres from 'postgres';
import { expect, inject, test } from 'vitest';

test('the suite has a Postgres and a Temporal server', async () => {
  const sql = postgres(inject('postgresUrl'));
  expect((await sql`select 1 as one`)[0]?.['one']).toBe(1);
  await sql.end();
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  const attributes = await connection.operatorService.listSearchAttributes({
    namespace: 'default',
  });
  expect(Object.keys(attributes.customAttributes ?? {})).toContain('OaRunId');
  await connection.close();
});
