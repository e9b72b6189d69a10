import { afterAll, beforeAll, expect, test } from 'vitest';
import { refusal, startTestControl, type TestControl } from '../testing/control-process.ts';

let control: TestControl;
let token: string;
beforeAll(async () => {
  control = await startTestControl();
  token = (await control.logIn('ada@example.com')).tokens?.access_token ?? '';
});
afterAll(() => control[Symbol.asyncDispose]());

const EVENT = {
  schema_version: 'openagents.sync.client_telemetry.v1',
  event_id: 'e1',
  surface: 'web',
  client_build_id: '20261128T000000Z',
  reconnect: { attempt: 2, backoff_ms: 500, resumed: true, reason_code: 'slow_consumer' },
};

function post(events: unknown, path = '/api/sync/telemetry') {
  return control.request(path, { token, json: { events } as object });
}

test('what a client saw is counted, and nothing of it is stored', async () => {
  const answer = await post([EVENT, EVENT]);
  expect([answer.status, await answer.json()]).toEqual([202, { data: { accepted: 2 } }]);
  expect((await post([EVENT], '/api/khala/telemetry')).status).toBe(202);
  const metrics = await (await control.request('/metrics')).text();
  expect(metrics).toMatch(
    /client_telemetry_total\{event_type="reconnect",surface="web",reason="slow_consumer",build="20261128T000000Z"\} 3/,
  );
  const tables = await control.database.owner<{ name: string; rows: number }[]>`
    select relname as name, n_live_tup::int4 as rows from pg_stat_user_tables
    where schemaname = 'control' and relname like '%telemetry%'`;
  expect(tables).toEqual([]);
});

test('what is no event, or too many of them, is refused whole', async () => {
  for (const events of [
    [],
    'all',
    [{ ...EVENT, surface: 'toaster' }],
    [{ ...EVENT, schema_version: 'v0' }],
    [{ ...EVENT, actor_scope_hash: 'ada@example.com' }],
    [{ ...EVENT, replay: { status: 'live' } }],
    Array.from({ length: 65 }, () => EVENT),
  ]) {
    expect(await refusal(await post(events))).toBe('422 invalid_request');
  }
});

test('nobody posts without a session, and no session floods', async () => {
  const anonymous = await control.request('/api/sync/telemetry', { json: { events: [EVENT] } });
  expect(await refusal(anonymous)).toBe('401 unauthorized');
  control.clock.advance(120_000);
  const answers = await Promise.all(Array.from({ length: 61 }, () => post([EVENT])));
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(60);
});
