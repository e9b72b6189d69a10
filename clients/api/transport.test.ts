import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { withWatchedBody } from './answer-body.ts';
import { data, hangUp, problem, type Reply, serve } from './testing/server.ts';
import { createTransport, type HttpRequest, systemTransportDeps } from './transport.ts';

/** Waits are noted and not waited. */
function transport() {
  const waits: number[] = [];
  const send = createTransport({
    ...systemTransportDeps,
    random: () => 0.5,
    sleep: async (ms) => void waits.push(ms),
  });
  return { send, waits };
}

function post(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'POST', url, headers: {}, body: '{}', repeatable: true, ...more };
}

test('a lost answer is asked for again where the server would recognise the repetition', async () => {
  await using server = await serve(hangUp, hangUp, data({ ok: true }));
  const { send } = transport();
  expect((await send(post(server.url, { headers: { 'idempotency-key': 'k' } }))).ok).toBe(true);
  expect(server.seen.map(({ headers }) => headers['idempotency-key'])).toEqual(['k', 'k', 'k']);
});

test('a lost answer is not asked for again where the repetition would be a second command', async () => {
  await using server = await serve(hangUp);
  const sent = transport().send(post(server.url, { repeatable: false }));
  await expect(sent).rejects.toMatchObject({ kind: 'Network' });
  expect(server.seen).toHaveLength(1);
});

test('the hint of the server is waited for', async () => {
  await using server = await serve(
    problem('service_unavailable', { retry_after_ms: '700' }),
    data({}),
  );
  const { send, waits } = transport();
  await send(post(server.url));
  expect(waits).toHaveLength(1);
  expect(waits[0]).toBeGreaterThanOrEqual(700);
});

test('a hint beyond what a command may wait is the caller’s to decide', async () => {
  await using server = await serve(problem('rate_limited', { retry_after_ms: '60000' }));
  const sent = transport().send(post(server.url));
  await expect(sent).rejects.toMatchObject({ kind: 'RateLimited', retryAfterMs: 60_000 });
  expect(server.seen).toHaveLength(1);
});

test('it gives up after some attempts, with what the last one said', async () => {
  await using server = await serve(problem('service_unavailable', { detail: 'no worker answers' }));
  const sent = transport().send(post(server.url));
  await expect(sent).rejects.toMatchObject({
    kind: 'ServiceUnavailable',
    message: 'no worker answers',
  });
  expect(server.seen).toHaveLength(5);
});

test.each([
  ['unauthorized', 'Unauthorized'],
  ['forbidden', 'Forbidden'],
  ['not_found', 'Validation'],
  ['conflict', 'Validation'],
  ['invalid_request', 'Validation'],
  ['payload_too_large', 'Validation'],
  ['upgrade_required', 'Unsupported'],
] as const)('the problem %s is the kind %s and is not repeated', async (code, kind) => {
  await using server = await serve(problem(code));
  await expect(transport().send(post(server.url))).rejects.toMatchObject({ kind, code });
  expect(server.seen).toHaveLength(1);
});

test('a refusal that is no problem document keeps its status', async () => {
  await using server = await serve((response) => response.writeHead(502).end('<html>bad gateway'));
  const sent = transport().send(post(server.url, { attemptsMax: 1 }));
  await expect(sent).rejects.toMatchObject({ kind: 'ServiceUnavailable', status: 502, code: '' });
});

test('an answer that does not come in time is a network failure', async () => {
  await using server = await serve(() => undefined);
  const sent = transport().send(post(server.url, { timeoutMs: 50, attemptsMax: 1 }));
  await expect(sent).rejects.toMatchObject({ kind: 'Network' });
});

/** The head comes, and half of the body, and then nothing. */
const fallsSilent: Reply = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
  response.write('{"data":');
};
const breaksOff: Reply = (response, request) => {
  fallsSilent(response, request);
  setTimeout(() => response.destroy(), 50);
};

test.each([
  ['falls silent', fallsSilent],
  ['breaks off', breaksOff],
])('an answer that %s in the middle is asked for again', async (_, reply) => {
  await using server = await serve(reply, data({ ok: true }));
  const answer = await transport().send(post(server.url, { timeoutMs: 300 }));
  expect(await answer.json()).toEqual({ data: { ok: true } });
  expect(server.seen).toHaveLength(2);
});

test('a stream that breaks off is the network’s fault, and is the reader’s to ask for again', async () => {
  await using server = await serve(breaksOff);
  const answer = await transport().send(post(server.url, { streams: true }));
  await expect(answer.text()).rejects.toMatchObject({ kind: 'Network', retryable: true });
});

test('a stream may take long, and not fall silent; the pauses of its reader are no silence', async () => {
  const chunks = (...delaysMs: number[]) =>
    new Response(
      new ReadableStream({
        async start(controller) {
          for (const delayMs of delaysMs) {
            await delay(delayMs);
            controller.enqueue(new TextEncoder().encode('x'));
          }
          if (delaysMs.length === 3) controller.close();
        },
      }),
    );
  expect(await withWatchedBody(chunks(60, 60, 60), 150).text()).toBe('xxx');
  const slowlyRead = withWatchedBody(chunks(0, 0, 0), 50).body?.getReader();
  await slowlyRead?.read();
  await delay(120);
  expect((await slowlyRead?.read())?.done).toBe(false);
  await expect(withWatchedBody(chunks(0), 50).text()).rejects.toMatchObject({ kind: 'Network' });
});
