import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { refusal, startTestControl, type TestControl } from '../testing/control-process.ts';

let control: TestControl;
beforeAll(async () => {
  control = await startTestControl({ settings: { CONTROL_TRUSTED_PROXIES: '127.0.0.1' } });
});
afterAll(() => control[Symbol.asyncDispose]());
beforeEach(() => control.clock.advance(180_000));

let mailboxes = 0;
function ask(address: string, email = `box-${++mailboxes}@example.com`) {
  const headers = { 'x-forwarded-for': address };
  return control.request('/api/auth/email', { json: { email }, headers });
}

async function statuses(
  count: number,
  hit: (attempt: number) => Promise<Response>,
): Promise<number[]> {
  const seen: number[] = [];
  for (let index = 0; index < count; index += 1) seen.push((await hit(index)).status);
  return seen;
}

test('the thirty-first code of a minute from one address is refused, another address is not', async () => {
  expect(await statuses(30, () => ask('198.51.100.1'))).toEqual(Array(30).fill(200));
  const refused = await ask('198.51.100.1');
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(refused.headers.get('x-request-id')).toMatch(/^req_/);
  expect(await refusal(refused)).toBe('429 rate_limited');
  expect((await ask('198.51.100.2')).status).toBe(200);
});

test('a mailbox gets six codes a minute, wherever they are asked for', async () => {
  const hit = (attempt: number) => ask(`198.51.100.${100 + attempt}`, 'flooded@example.com');
  expect(await statuses(7, hit)).toEqual([...Array(6).fill(200), 429]);
  expect(control.printed.filter((line) => line.includes('flooded@'))).toHaveLength(6);
});

test('whoever waits as long as told is let in again, also after hammering', async () => {
  const refused = await (async () => {
    await statuses(60, () => ask('198.51.100.3'));
    return ask('198.51.100.3');
  })();
  expect(refused.status).toBe(429);
  const { retry_after_ms } = (await refused.json()) as { retry_after_ms: string };
  control.clock.advance(Number(retry_after_ms));
  expect((await ask('198.51.100.3')).status).toBe(200);
});

test('of many at once exactly the limit gets in', async () => {
  const answers = await Promise.all(Array.from({ length: 60 }, () => ask('198.51.100.4')));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(30);
});

test('an address that a caller puts in front is not believed', async () => {
  const hit = (attempt: number) => ask(`203.0.113.${attempt}, 198.51.100.5`);
  expect((await statuses(31, hit)).at(-1)).toBe(429);
});

test('the table names nobody', async () => {
  const rows = await control.database.owner`select gate, principal_hash from control.rate_limits`;
  expect(rows.length).toBeGreaterThan(3);
  for (const row of rows) expect(row['principal_hash']).toHaveLength(32);
});
