import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { messageOf } from '#proto/read.ts';
import { createApiClient } from '../api/client.ts';
import { createSessionStore, SESSION_SCHEMA } from '../api/session-store.ts';
import { scratch } from '../api/testing/scratch.ts';
import { data, type Reply, serve } from '../api/testing/server.ts';
import { createTransport } from '../api/transport.ts';
import { createApprovalPrompt } from './approval-prompt.ts';
import { createCli } from './cli.ts';
import { createProgram } from './program.ts';

const PATIENCE_MS = 5_000;

/** A platform on which these approvals wait, and a person at a terminal. */
async function stage(ids: readonly string[]) {
  const waiting = [...ids];
  const resolved: { path: string; body: { [name: string]: unknown } }[] = [];
  const reply: Reply = (response, request) => {
    if (request.method === 'POST') {
      resolved.push({ path: request.path, body: JSON.parse(request.body) });
      const id = request.path.split('/').at(-1) ?? '';
      waiting.splice(waiting.indexOf(id), 1);
      return data({ approval_id: id, state: 'approved' })(response, request);
    }
    // As the platform lists them: newest first.
    const approvals = waiting.toReversed().map((approval_id) =>
      messageOf('openagents.runtime.v1.Approval', {
        approval_id,
        run_id: 'run_1',
        kind: 'command_execution',
        subject: { command: ['make', approval_id] },
        state: 'requested',
        scopes: ['once', 'run'],
      }),
    );
    return data({ approvals, next_cursor: '' })(response, request);
  };
  const home = scratch();
  const server = await serve(reply);
  const sessionStore = createSessionStore(home.path, server.url);
  await sessionStore.save({
    schema: SESSION_SCHEMA,
    control_url: server.url,
    user_id: 'user_1',
    email: 'a@example.invalid',
    org_id: '',
    session_id: 'sess_1',
    access_token: 'access',
    access_expires_at_ms: Date.now() + 3_600_000,
    refresh_token: 'refresh',
  });
  const api = createApiClient({
    controlUrl: server.url,
    transport: createTransport(),
    sessionStore,
    deviceId: 'laptop',
    now: Date.now,
  });
  const keyboard = Object.assign(new PassThrough(), { isTTY: true });
  const screen = new PassThrough();
  let seen = '';
  screen.on('data', (chunk) => {
    seen += chunk;
  });
  const terminal = { out: screen, err: screen, in: keyboard, environment: {}, cwd: '/' };
  const cli = createCli(terminal, createProgram(terminal));
  const prompt = createApprovalPrompt(cli, { api }, 'run_1');
  return {
    prompt,
    waiting,
    resolved,
    screen: () => seen,
    type: (text: string) => keyboard.write(text),
    async shows(part: string) {
      const endMs = Date.now() + PATIENCE_MS;
      while (!seen.includes(part)) {
        if (Date.now() > endMs) throw new Error(`never shown: ${part}; but ${seen}`);
        await sleep(10);
      }
    },
    async [Symbol.asyncDispose]() {
      prompt.close();
      await server[Symbol.asyncDispose]();
      home[Symbol.dispose]();
    },
  };
}

test('questions are asked one at a time, oldest first, and answered as typed', async () => {
  await using person = await stage(['a1', 'a2']);
  person.prompt.look();
  await person.shows('make a1');
  await person.shows('Approve? y once, r for this run, n deny, Enter to leave it open: ');
  expect(person.screen()).not.toContain('make a2');
  person.type('r\n');
  await person.shows('make a2');
  person.type('n\n');
  while (person.resolved.length < 2) await sleep(10);
  expect(person.resolved.map(({ path, body }) => [path.split('/').at(-1), body])).toEqual([
    ['a1', { decision: 'approve', scope: 'run', reason: '' }],
    ['a2', { decision: 'deny', scope: 'once', reason: '' }],
  ]);
});

test('what somebody else answers goes away, and the next question comes', async () => {
  await using person = await stage(['a1', 'a2']);
  person.prompt.look();
  await person.shows('leave it open: ');
  person.waiting.shift();
  person.prompt.isOver('a1');
  await person.shows('make a2');
  expect(person.resolved).toEqual([]);
});

test('a question that is left open is not asked again, and what is new is', async () => {
  await using person = await stage(['a1']);
  person.prompt.look();
  await person.shows('leave it open: ');
  person.type('\n');
  person.waiting.push('a2');
  person.prompt.look();
  await person.shows('make a2');
  person.prompt.aside(() => person.type('y\n'));
  while (person.resolved.length < 1) await sleep(10);
  expect(person.resolved[0]?.path).toContain('/approvals/a2');
});
