import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { ProblemError } from '#proto/errors.ts';
import { createLogger } from '../logger.ts';
import { problemResponse } from './problem.ts';

function page() {
  let text = '';
  const destination = new Writable({
    write(chunk: Buffer, _, done) {
      text += chunk.toString();
      done();
    },
  });
  const logger = createLogger({ service: 'test', level: 'info', destination });
  return { logger, text: () => text };
}

const SECRET = 'hunter2-very-secret';

test('what went wrong on our side is told to the log and to nobody else', async () => {
  const { logger, text } = page();
  const failure = Object.assign(new Error(`no route for password ${SECRET}`), {
    token: SECRET,
    password: SECRET,
  });
  const answer = problemResponse(failure, 'req_1', logger);
  const body = await answer.text();
  expect(answer.status).toBe(500);
  expect(JSON.parse(body)).toMatchObject({ code: 'internal_error', request_id: 'req_1' });
  expect(body).not.toContain(SECRET);
  expect([...answer.headers.values()].join('\n')).not.toContain(SECRET);
  const line = JSON.parse(text());
  expect(line).toMatchObject({ request_id: 'req_1', level: 'error' });
  expect([line.err.token, line.err.password]).toEqual(['[redacted]', '[redacted]']);
});

test('the cause of a problem stays with us', async () => {
  const { logger } = page();
  const cause = new Error(`postgres://oa:${SECRET}@db/x`);
  const problem = new ProblemError('service_unavailable', 'Not now.', { cause, retryAfterMs: 5 });
  expect(await problemResponse(problem, 'req_2', logger).text()).not.toContain(SECRET);
});

test('a database that is away is a refusal with a time, not a failure of ours', async () => {
  const { logger } = page();
  const away = Object.assign(new Error('connect 10.0.0.1:5432'), { code: 'ECONNREFUSED' });
  const answer = problemResponse(away, 'req_3', logger);
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await answer.text()).not.toContain('10.0.0.1');
});

test.each(['ENOSPC', 'EDQUOT', '53100'])(
  'a disk without room (%s) is no fault of the call: it may be repeated',
  async (code) => {
    const { logger } = page();
    const full = Object.assign(new Error('could not extend file'), { code });
    const answer = problemResponse(full, 'req_1', logger);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: 'service_unavailable', retryable: true });
  },
);
