import { expect, test } from 'vitest';
import { createSessionStore, SESSION_SCHEMA } from '../api/session-store.ts';
import { scratch } from '../api/testing/scratch.ts';
import { data, problem, type Reply, serve } from '../api/testing/server.ts';
import { oa } from './testing/terminal.ts';

const RUN = 'run_01jd0000000000000000000000';

const DRIFT = {
  ...{ projection_name: 'run_summary', entity_id: RUN, drift_class: 'hash_and_lag_drift' },
  ...{ expected_seq: '4', found_seq: '9', expected_hash: '', found_hash: '', repaired: true },
};

/** `oa reproject` of somebody who is logged in, and what the platform was asked. */
async function reproject(argv: string[], ...replies: Reply[]) {
  using home = scratch();
  const endpoints = { endpoints: { runtime_url: '', khala_url: '' } };
  await using server = await serve(data(endpoints), ...replies);
  await createSessionStore(home.path, server.url).save({
    ...{ schema: SESSION_SCHEMA, control_url: server.url, user_id: 'user_1', email: '' },
    ...{ org_id: '', session_id: 'sess_1', access_token: 'token', refresh_token: 'r' },
    access_expires_at_ms: Date.now() + 3_600_000,
  });
  const environment = { OA_CONFIG_HOME: home.path, OA_CONTROL_URL: server.url };
  const ended = await oa(['reproject', ...argv], { environment });
  const requests = server.seen.filter(({ path }) => path === '/api/runtime/projectors/reproject');
  return { ...ended, requests, bodies: requests.map(({ body }) => JSON.parse(body)) };
}

test('a run that had drifted is shown with what was set right', async () => {
  const ended = await reproject(
    ['--run', RUN],
    data({ rebuilt: '1', drift: [DRIFT], next_cursor: '' }),
  );
  expect(ended).toMatchObject({ exitCode: 0, bodies: [{ run_id: RUN }] });
  expect(ended.out).toContain('hash_and_lag_drift  rebuilt');
  expect(ended.out).toContain('was at 9, is at 4');
  expect(ended.err).toContain('1 rebuilt, 1 of them had drifted.');
  expect(ended.requests[0]?.headers['idempotency-key']).toMatch(/./);
});

test('all goes from page to page, each under a key of its own, and is one document', async () => {
  const ended = await reproject(
    ['--all', '--json'],
    data({ rebuilt: '100', drift: [], next_cursor: `run:${RUN}` }),
    data({ rebuilt: '20', drift: [DRIFT], next_cursor: 'worker:' }),
    data({ rebuilt: '3', drift: [], next_cursor: '' }),
  );
  expect(ended.bodies).toMatchObject([
    { all: true },
    { all: true, cursor: `run:${RUN}` },
    { all: true, cursor: 'worker:' },
  ]);
  expect(new Set(ended.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(3);
  expect(ended.exitCode).toBe(0);
  expect(JSON.parse(ended.out)).toMatchObject({
    schema: 'openagents.cli.reproject.v1',
    rebuilt: 123,
    drift: [{ entity_id: RUN, repaired: true }],
  });
});

test('a log that is broken is a failure, and the rest is shown', async () => {
  const broken = { ...DRIFT, drift_class: 'broken_log', repaired: false };
  const { exitCode, out, err } = await reproject(
    ['--all'],
    data({ rebuilt: '4', drift: [broken], next_cursor: '' }),
  );
  expect(exitCode).toBe(1);
  expect(out).toContain('not rebuilt');
  expect(err).toContain('1 could not be rebuilt');
});

test('who is no operator, or names what is not theirs, is told by the exit code', async () => {
  const all = await reproject(['--all'], problem('forbidden', { detail: 'not an operator' }));
  expect(all).toMatchObject({ exitCode: 4, out: '' });
  expect(all.err).toContain('not an operator');
  expect(await reproject(['--run', RUN], problem('not_found'))).toMatchObject({ exitCode: 3 });
});

test('one of run, worker and all is named', async () => {
  for (const argv of [[], ['--run', RUN, '--all'], ['--worker', 'w', '--run', RUN]]) {
    expect(await reproject(argv)).toMatchObject({ exitCode: 2, requests: [] });
  }
});
