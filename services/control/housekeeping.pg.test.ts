import { expect, test } from 'vitest';
import { clean } from './housekeeping.ts';
import { read, startTestControl } from './testing/control-process.ts';

const DAY_MS = 24 * 60 * 60_000;

test('what can still be used stays, what has expired goes', async () => {
  await using control = await startTestControl();
  const { owner, control: sql } = control.database;
  await control.logIn('old@example.com');
  control.clock.advance(29 * DAY_MS);
  const { tokens } = await control.logIn('new@example.com');
  control.clock.advance(2 * DAY_MS);
  await clean(sql, control.clock.now());
  const [left] = await owner<{ tokens: number; challenges: number; limits: number }[]>`
    select (select count(*)::int from control.refresh_tokens) as tokens,
      (select count(*)::int from control.challenges) as challenges,
      (select count(*)::int from control.rate_limits) as limits`;
  expect(left).toEqual({ tokens: 1, challenges: 0, limits: 0 });
  const json = { refresh_token: tokens?.refresh_token, device_id: 'laptop' };
  await read(await control.request('/api/auth/refresh', { json }));
});
